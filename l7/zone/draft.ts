/** The zones of a configuration that does not run yet. */
import { type Kept, keep, type Seat, stampOf } from './kept.ts';
import type { SharedZone, ZoneWish } from './wish.ts';

/** The key of a zone among all: kinds have name spaces of their own. */
export function keyOf(kind: ZoneWish['kind'], name: string): string {
  return `${kind} ${name}`;
}

/** Collects what a new configuration asks for, on top of what runs. Nothing that runs is changed by it. */
export class ZoneDraft {
  /** What runs now. */
  readonly base: ReadonlyMap<string, Kept>;
  readonly zones = new Map<string, Kept>();
  readonly #seat: Seat;

  constructor(base: ReadonlyMap<string, Kept>, seat: Seat) {
    this.base = base;
    this.#seat = seat;
  }

  /**
   * Asks for a zone. One that runs and serves the wish as it stands is kept with its content; otherwise a new one is
   * made. Asking again for the same is no fault.
   *
   * @throws {RangeError} when the name was asked for with other properties, or the size holds nothing
   */
  ask(wish: ZoneWish): void {
    const key = keyOf(wish.kind, wish.name);
    const stamp = stampOf(wish);
    const asked = this.zones.get(key);
    if (asked?.stamp === stamp) return;
    if (asked) throw new RangeError(`Zone "${wish.name}" was asked for before, with other properties`);
    const runs = this.base.get(key);
    this.zones.set(key, runs?.stamp === stamp ? runs : keep(wish, this.#seat, runs));
  }

  /** What the threads will be given; they may open it, and use it once the draft is committed. */
  share(): SharedZone[] {
    return [...this.zones.values()].map(zone => zone.share());
  }
}
