/** What the threads of table.test.ts do. */
import { NONE, openZone } from '../../../l7/zone/table.ts';
import type { Duty } from './crew.ts';
import { draw, seeded } from './random.ts';

export type Load = { readonly zone: SharedArrayBuffer; readonly keys: number; readonly turns: number };

/** Adds one to both values of a random key, `turns` times. */
export function addUp({ slot, owner, data }: Duty): void {
  const { zone, keys, turns } = data as Load;
  const table = openZone(zone, { owner });
  const random = seeded(slot + 1);
  for (let turn = 0; turn < turns; turn++) {
    const key = `key ${draw(random, keys)}`;
    table.lock.acquire();
    let entry = table.find(key, turn);
    if (entry === NONE) entry = table.insert(turn);
    else table.touch(entry, turn);
    table.ints[table.intAt(entry)] = table.ints[table.intAt(entry)]! + 1;
    table.floats[table.floatAt(entry)] = table.floats[table.floatAt(entry)]! + 1;
    table.lock.release();
  }
}

/** Inserts, touches and removes without end, and says when it is well under way. */
export function churn({ slot, owner, data }: Duty): void {
  const { zone, keys, started } = data as Load & { started: Int32Array };
  const table = openZone(zone, { owner });
  const random = seeded(slot + 1);
  for (let turn = 0; ; turn++) {
    if (turn === 2000) Atomics.add(started, 0, 1);
    if (turn === 2000) Atomics.notify(started, 0);
    const key = `a key long enough for a loop or two ${draw(random, keys)}`;
    table.lock.acquire();
    const entry = table.find(key, turn);
    if (entry === NONE) table.insert(turn);
    else if (random() < 0.5) table.remove(entry);
    else table.touch(entry, turn);
    table.lock.release();
  }
}
