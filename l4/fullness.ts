/** How full the flow table is, told before it hurts: at four fifths, and when it is full. Pure. */
import type { RealCounts } from './statistics.ts';
import type { RealTable } from './tables.ts';

export interface TableFill {
  /** Of all flows; nat and fullnat have two each. */
  readonly entries: number;
  /** What the table was made for. */
  readonly room: number;
}

/** @param reals all that may have flows */
export function entriesAmong(reals: Iterable<RealTable>, counts: ReadonlyMap<number, RealCounts>): number {
  let entries = 0;
  for (const { id, mode } of reals) {
    const { active = 0, inactive = 0 } = counts.get(id) ?? {};
    entries += (active + inactive) * (mode === 'nat' || mode === 'fullnat' ? 2 : 1);
  }
  return entries;
}

const WARN_SHARE = 0.8;
/** It is warned of anew after it was below this. */
const CALM_SHARE = 0.7;
/** New flows that found no room are told of so often at most. */
const TOLD_AGAIN_MS = 60_000;

export class Fullness {
  readonly #warn: (message: string) => void;
  #isWarned = false;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  /** Hears how full it is, now and then. */
  look({ entries, room }: TableFill): void {
    const share = entries / room;
    if (share < CALM_SHARE) this.#isWarned = false;
    if (share < WARN_SHARE || this.#isWarned) return;
    this.#isWarned = true;
    this.#warn(
      `l4: the connection table has ${entries} entries, it has room for ${room}: more by connections`,
    );
  }

  /** A new flow has found no room. */
  full(room: number, nowMs: number): void {
    if (nowMs - this.#toldMs < TOLD_AGAIN_MS) return;
    this.#toldMs = nowMs;
    this.#warn(
      `l4: the connection table is full, with room for ${room}: new connections that cannot be without an entry are refused (moat l4 stats: table-full)`,
    );
  }
}
