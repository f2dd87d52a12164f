/** What the threads of registry.test.ts do. */
import { ConnZone } from '../../../l7/zone/conn-zone.ts';
import { Counters } from '../../../l7/zone/counters.ts';
import { Peers } from '../../../l7/zone/peers.ts';
import { openZone } from '../../../l7/zone/table.ts';
import type { SharedZone } from '../../../l7/zone/wish.ts';
import type { Duty } from './crew.ts';

export type Grip = {
  readonly zones: SharedZone[];
  readonly lock: string;
  readonly crew: number;
  /** How many have counted themselves, how many have their lock, and a cell to wait on for good. */
  readonly steps: Int32Array;
};

/** Counts itself in every zone; when all have, takes the lock of the zone called `lock`, and holds on to all of it. */
export function clutch({ slot, owner, data }: Duty): void {
  const { zones, steps, lock, crew } = data as Grip;
  const locks = new Map(zones.map(zone => [zone.name, hold(zone, slot, owner)]));
  Atomics.add(steps, 0, 1);
  Atomics.notify(steps, 0);
  for (let seen = 0; seen < crew; seen = Atomics.load(steps, 0)) Atomics.wait(steps, 0, seen);
  locks.get(lock)!.acquire();
  Atomics.add(steps, 1, 1);
  Atomics.notify(steps, 1);
  for (;;) Atomics.wait(steps, 2, 0);
}

function hold(zone: SharedZone, slot: number, owner: number): { acquire(): void } {
  switch (zone.kind) {
    case 'table':
      return openZone(zone.sab, { owner }).lock;
    case 'conn': {
      const conns = new ConnZone(zone.sab, slot, owner);
      conns.take('key', 100);
      return conns.table.lock;
    }
    case 'counters': {
      const counters = new Counters(zone.shared, slot);
      for (const { name } of counters.specs) counters.add(counters.index(name), 1);
      return { acquire: () => assertNever(zone.name) };
    }
    case 'peers': {
      const peers = new Peers(zone.shared, slot, owner);
      peers.begin(0);
      return peers.lock;
    }
  }
}

function assertNever(name: string): never {
  throw new Error(`Counters have no lock: ${name}`);
}
