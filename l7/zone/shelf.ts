/** The zones that a thread was given for a configuration, by kind and name. */
import type { SharedCounters } from './counters.ts';
import type { SharedZone } from './wish.ts';

export class ZoneShelf {
  readonly #zones: ReadonlyMap<string, SharedZone>;

  constructor(zones: readonly SharedZone[]) {
    this.#zones = new Map(zones.map(zone => [`${zone.kind} ${zone.name}`, zone]));
  }

  /** The memory of a keyed zone. @throws {RangeError} when nobody asked for it: see l7/shared.ts */
  memory(kind: 'table' | 'conn', name: string): SharedArrayBuffer {
    const zone = this.#zones.get(`${kind} ${name}`);
    if (!zone || !('sab' in zone))
      throw new RangeError(`Cannot open the ${kind} zone "${name}": it was not asked for`);
    return zone.sab;
  }

  /** The memory of counters. @throws {RangeError} when nobody asked for them */
  counters(name: string): SharedCounters {
    const zone = this.#zones.get(`counters ${name}`);
    if (zone?.kind !== 'counters')
      throw new RangeError(`Cannot open the counters "${name}": they were not asked for`);
    return zone.shared;
  }
}
