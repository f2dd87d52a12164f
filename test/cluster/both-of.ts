/** Two nodes of moat at work, of which the first has the address. */
import type { Pair } from './pair.ts';

/** Some Active_Down_Intervals at 100 ms. */
export const WHILE_MS = 1500;

/** Both run, and host 0 has the address. */
export async function bothOf(pair: Pair, lines = '', around = '') {
  const above = pair.moat(`priority 150; advert_interval 100ms; ${lines}`, { around }).start();
  const below = pair.moat(`priority 100; advert_interval 100ms; ${lines}`, { at: 1, around }).start();
  await below.says(/initialize to backup/);
  await pair.owners[0].becomes(true);
  await pair.owners[1].becomes(false);
  return { above, below };
}
