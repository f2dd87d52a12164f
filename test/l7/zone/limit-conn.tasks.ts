/** What the threads of limit-conn.test.ts do. */
import { ConnZone } from '../../../l7/zone/conn-zone.ts';
import type { Duty } from './crew.ts';
import { draw, seeded } from './random.ts';

export type Traffic = {
  readonly sab: SharedArrayBuffer;
  readonly limit: number;
  readonly turns: number;
  /** Cell 0 counts those inside, cell 1 the most ever seen, cell 2 threads under way. */
  readonly gauge: Int32Array;
};

/** Takes and gives one key in turn, and keeps `gauge` of how many are inside at once. */
export function pass({ slot, owner, data }: Duty): number {
  const { sab, limit, turns, gauge } = data as Traffic;
  const zone = new ConnZone(sab, slot, owner);
  let taken = 0;
  for (let turn = 0; turn < turns; turn++) {
    const handle = zone.take('key', limit);
    if (handle <= 0) continue;
    const inside = Atomics.add(gauge, 0, 1) + 1;
    if (inside > Atomics.load(gauge, 1)) Atomics.store(gauge, 1, inside);
    taken++;
    Atomics.sub(gauge, 0, 1);
    zone.give(handle);
  }
  return taken;
}

/** Takes and gives random keys without end, and holds up to 50 of them. */
export function linger({ slot, owner, data }: Duty): void {
  const { sab, gauge } = data as Traffic;
  const zone = new ConnZone(sab, slot, owner);
  const random = seeded(slot);
  const held: number[] = [];
  for (let turn = 0; ; turn++) {
    if (turn === 1000) Atomics.add(gauge, 2, 1);
    if (turn === 1000) Atomics.notify(gauge, 2);
    if (held.length < 50 && random() < 0.6) held.push(zone.take(`key ${draw(random, 30)}`, 1_000_000));
    else if (held.length > 0) zone.give(held.splice(draw(random, held.length), 1)[0]!);
  }
}
