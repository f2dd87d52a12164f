/** The address ranges of a `geo` block with `ranges`, by nginx's rules for what may lie over what. */
import type { AddressRange } from '#model/l7/variable.ts';

/** Ranges are kept in pieces of 65536 addresses: nginx does so, and its rules hold for each piece. */
const PIECE = 0x10000;

interface Piece {
  start: number;
  end: number;
  value: string;
}

export type RangeFault =
  | { readonly kind: 'overlap'; readonly first: number; readonly last: number }
  | { readonly kind: 'duplicate'; readonly old: string };

export class GeoRanges {
  readonly #pieces = new Map<number, Piece[]>();

  /** Puts a range over what is there: it must lie within one range, or in none. @returns what is wrong with that */
  add(first: number, last: number, value: string): RangeFault | undefined {
    let duplicate: RangeFault | undefined;
    for (const [high, start, end] of partsOf(first, last)) {
      const fault = this.#addPart(high, start, end, value);
      if (fault?.kind === 'overlap') return fault;
      duplicate ??= fault;
    }
    return duplicate;
  }

  #addPart(high: number, start: number, end: number, value: string): RangeFault | undefined {
    const pieces = this.#pieces.get(high) ?? [];
    this.#pieces.set(high, pieces);
    const at = pieces.findIndex(piece => piece.end >= start);
    const met = at === -1 ? undefined : pieces[at]!;
    const piece = { start, end, value };
    if (!met || met.start > end) {
      pieces.splice(at === -1 ? pieces.length : at, 0, piece);
      return undefined;
    }
    if (met.start > start || met.end < end)
      return { kind: 'overlap', first: high * PIECE + met.start, last: high * PIECE + met.end };
    const before = met.start < start ? [{ ...met, end: start - 1 }] : [];
    const after = met.end > end ? [{ ...met, start: end + 1 }] : [];
    pieces.splice(at, 1, ...before, piece, ...after);
    return before.length + after.length === 0 ? { kind: 'duplicate', old: met.value } : undefined;
  }

  /** Takes out what was added with these ends. @returns false when a part of it was not there */
  delete(first: number, last: number): boolean {
    let whole = true;
    for (const [high, start, end] of partsOf(first, last)) {
      const pieces = this.#pieces.get(high) ?? [];
      const at = pieces.findIndex(piece => piece.start === start && piece.end === end);
      if (at === -1) whole = false;
      else pieces.splice(at, 1);
    }
    return whole;
  }

  /** From the lowest up; neighbours of one value are one range. */
  get list(): AddressRange[] {
    const list: { first: number; last: number; value: string }[] = [];
    for (const high of [...this.#pieces.keys()].sort((a, b) => a - b)) {
      for (const { start, end, value } of this.#pieces.get(high)!) {
        const first = high * PIECE + start;
        const before = list.at(-1);
        if (before && before.value === value && before.last + 1 === first) before.last = high * PIECE + end;
        else list.push({ first, last: high * PIECE + end, value });
      }
    }
    return list.map(({ first, last, value }) => ({ first: textOf(first), last: textOf(last), value }));
  }
}

/** A range cut where the upper half of the address changes: that half, and the ends of the lower one. */
function* partsOf(first: number, last: number): Generator<[high: number, start: number, end: number]> {
  for (let high = Math.floor(first / PIECE); high <= Math.floor(last / PIECE); high++) {
    const base = high * PIECE;
    yield [high, Math.max(first, base) - base, Math.min(last, base + PIECE - 1) - base];
  }
}

export const textOf = (address: number): string =>
  [24, 16, 8, 0].map(shift => (address >>> shift) & 255).join('.');
