/** The zones of a running program by name: kept over reloads, shared with the threads, mended after a death. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnZone } from './conn-zone.ts';
import type { Counters } from './counters.ts';
import { keyOf, ZoneDraft } from './draft.ts';
import { type Kept, KeptConn, KeptCounters, KeptPeers, KeptTable, type Seat } from './kept.ts';
import { ownerOf } from './lock.ts';
import type { Peers } from './peers.ts';
import type { ZoneTable } from './table.ts';
import type { SharedZone } from './wish.ts';

/** Before another try at a lock: its owner may be dead too, and that news must get in. */
const RETRY_MS = 5;

/**
 * Lives in the supervisor's thread. A reload: `draft()`, `ask()` for each zone, `commit()`, post `share()` to the
 * threads, which open the zones and inherit where there is a `was` (each reload in its order); when all of them have,
 * `settle()`; when no request of an earlier configuration is left, `release()`.
 */
export class ZoneRegistry {
  readonly #seat: Seat;
  readonly #log: (message: string) => void;
  #zones: ReadonlyMap<string, Kept> = new Map();
  /** Zones that no configuration asks for any more, but requests that began earlier may still use. */
  #retired: { readonly reload: number; readonly zone: Kept }[] = [];
  #reload = 0;

  /** `seat` is the supervisor's own; `log` is told what a reload loses. */
  constructor(seat: Seat, log: (message: string) => void) {
    this.#seat = seat;
    this.#log = log;
  }

  /** Begins a reload. A draft that is never committed is simply let go. */
  draft(): ZoneDraft {
    return new ZoneDraft(this.#zones, this.#seat);
  }

  /**
   * Makes the draft what runs.
   *
   * @returns the number of this reload, for release()
   * @throws {Error} when another draft was committed since this one was begun
   */
  commit(draft: ZoneDraft): number {
    if (draft.base !== this.#zones) throw new Error('This draft of zones is not of what runs now');
    this.#reload++;
    for (const [key, zone] of draft.zones) {
      const old = draft.base.get(key);
      if (old === undefined || old === zone) continue;
      const lost = zone.follow();
      if (lost) this.#log(`zone "${key.slice(key.indexOf(' ') + 1)}" is made anew: ${lost}`);
    }
    for (const [key, zone] of draft.base) {
      if (draft.zones.get(key) !== zone) this.#retired.push({ reload: this.#reload, zone });
    }
    this.#zones = draft.zones;
    return this.#reload;
  }

  /** All zones that run, for the threads. */
  share(): SharedZone[] {
    return [...this.#zones.values()].map(zone => zone.share());
  }

  /** All threads have taken up the reload last committed. */
  settle(): void {
    for (const zone of this.#zones.values()) zone.settle();
  }

  /** No request is left of the configurations before the given reload: their zones are let go. */
  release(reload: number): void {
    this.#retired = this.#retired.filter(retired => retired.reload > reload);
  }

  /** Zones held for requests of earlier configurations. */
  get retired(): number {
    return this.#retired.length;
  }

  /**
   * Called once a thread runs no more: frees its locks, and gives back what it held.
   * A new thread may have its slot when the promise is fulfilled.
   */
  async threadDied(threadId: number, slot: number): Promise<void> {
    const zones = [...this.#zones.values(), ...this.#retired.map(({ zone }) => zone)];
    for (const zone of zones) zone.recover(ownerOf(threadId));
    for (const zone of zones) while (!zone.giveBack(slot)) await sleep(RETRY_MS);
  }

  /** The supervisor's own view of a zone that runs, or nothing. */
  table(name: string): ZoneTable | undefined {
    const kept = this.#zones.get(keyOf('table', name));
    return kept instanceof KeptTable ? kept.view : undefined;
  }

  /** As table(). */
  conn(name: string): ConnZone | undefined {
    const kept = this.#zones.get(keyOf('conn', name));
    return kept instanceof KeptConn ? kept.view : undefined;
  }

  /** As table(). */
  counters(name: string): Counters | undefined {
    const kept = this.#zones.get(keyOf('counters', name));
    return kept instanceof KeptCounters ? kept.view : undefined;
  }

  /** As table(). */
  peers(name: string): Peers | undefined {
    const kept = this.#zones.get(keyOf('peers', name));
    return kept instanceof KeptPeers ? kept.view : undefined;
  }
}
