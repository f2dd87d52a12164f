/** Covers what must not leave in a body that streams through; no byte more or less comes out than went in. */
import type { BodySink } from '../response.ts';
import type { Finder, Span } from './finders.ts';

/** A match is at most so long to be found across two pieces. */
const LONGEST = 1024;
const KEY_BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const KEY_END = '-----END';
/** Keys are not longer; what is no key after all is not covered to its end. */
const MOST_KEY = 65_536;

export class Masker implements BodySink {
  readonly #next: BodySink;
  readonly #finders: readonly Finder[];
  readonly #findsKeys: boolean;
  readonly #ended: (found: ReadonlyMap<string, number>) => void;
  readonly #found = new Map<string, number>();
  /** The end of what came: something may begin in it that goes on in the next piece. */
  #held = '';
  /** What went out last: whether a number begins at a place shows before it. */
  #before = '';
  /** Bytes of the key whose end has not come yet; 0 outside of keys. */
  #keyBytes = 0;

  /** @param ended is told how often what was covered, by its name, when the body is complete */
  constructor(
    next: BodySink,
    finders: readonly Finder[],
    findsKeys: boolean,
    ended: (found: ReadonlyMap<string, number>) => void,
  ) {
    this.#next = next;
    this.#finders = finders;
    this.#findsKeys = findsKeys;
    this.#ended = ended;
  }

  write(data: Buffer): boolean {
    const text = this.#held + data.latin1Slice();
    // A line is whole once its end is there; of a long one the last part waits.
    const line = text.lastIndexOf('\n') + 1;
    return this.#pass(text, Math.max(line, text.length - LONGEST));
  }

  end(): void {
    this.#pass(this.#held, this.#held.length);
    this.#ended(this.#found);
    this.#next.end();
  }

  /** Sends on what comes before `cut`, or a little less, where something may go on behind it. */
  #pass(text: string, cut: number): boolean {
    const context = this.#before;
    const offset = context.length;
    const masks = this.#masksOf(context + text, offset);
    let end = offset + cut;
    // What begins before the cut and may go on is left for the next time, where it is not longer than anything may be.
    for (const { span } of masks)
      if (span[0] < end && span[1] > end && span[1] - span[0] <= LONGEST) end = Math.max(offset, span[0]);
    const whole = context + text;
    const marker = whole.lastIndexOf(KEY_END, end - 1);
    if (marker >= offset && marker + KEY_END.length > end) end = marker;
    let out = '';
    let at = offset;
    for (const { span, cover, name } of masks) {
      const from = Math.max(span[0], at);
      const to = Math.min(span[1], end);
      if (from >= to) continue;
      out += whole.slice(at, from) + cover(whole.slice(span[0], span[1])).slice(from - span[0], to - span[0]);
      at = to;
      if (name !== undefined) this.#found.set(name, (this.#found.get(name) ?? 0) + 1);
    }
    out += whole.slice(at, end);
    this.#follow(whole, end, offset);
    this.#held = whole.slice(end);
    this.#before = whole.slice(Math.max(0, end - 1), end);
    return out === '' ? true : this.#next.write(Buffer.from(out, 'latin1'));
  }

  #masksOf(text: string, from: number): Mask[] {
    const masks: Mask[] = this.#findsKeys ? keysIn(text, from, this.#keyBytes) : [];
    for (const { name, cover, find } of this.#finders)
      for (const span of find(text)) if (span[1] > from) masks.push({ name, cover, span });
    // Where two overlap the first covers, and of the other what is left.
    return masks.sort((a, b) => a.span[0] - b.span[0]);
  }

  /** Whether the next piece goes on within a key. */
  #follow(text: string, end: number, from: number): void {
    if (!this.#findsKeys) return;
    const open = keysIn(text.slice(0, end), from, this.#keyBytes).at(-1);
    const isOpen = open !== undefined && open.span[1] === end && !text.startsWith(KEY_END, end);
    if (!isOpen) this.#keyBytes = 0;
    else this.#keyBytes += end - Math.max(open.span[0], from) + 1;
    if (this.#keyBytes > MOST_KEY) this.#keyBytes = 0;
  }
}

interface Mask {
  /** Undefined for the rest of what was counted already. */
  readonly name: string | undefined;
  readonly span: Span;
  cover(match: string): string;
}

const coverKey = (match: string): string => match.replace(/[A-Za-z0-9+/=]/g, '*');

/** Of each private key what stands between its first line and its last one. @param inside whether `from` lies within one */
function keysIn(text: string, from: number, inside: number): Mask[] {
  const masks: Mask[] = [];
  let at = from;
  if (inside > 0) {
    const end = endOf(text, from);
    masks.push({ name: undefined, cover: coverKey, span: [from, end] });
    at = end;
  }
  KEY_BEGIN.lastIndex = at;
  for (let begin = KEY_BEGIN.exec(text); begin; begin = KEY_BEGIN.exec(text)) {
    const start = begin.index + begin[0].length;
    const end = endOf(text, start);
    masks.push({ name: 'private key', cover: coverKey, span: [start, end] });
    KEY_BEGIN.lastIndex = Math.max(end, start);
  }
  return masks;
}

function endOf(text: string, from: number): number {
  const end = text.indexOf(KEY_END, from);
  return end < 0 ? text.length : end;
}
