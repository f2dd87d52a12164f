/** A pair of hosts that is gone when its test is over. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Pair, type Wiring } from './pair.ts';

export function newPair(wiring: Wiring, t: TestContext): Pair {
  const dir = mkdtempSync(join(tmpdir(), 'moat-vrrp-'));
  const pair = new Pair(wiring, dir);
  t.after(() => {
    pair[Symbol.dispose]();
    rmSync(dir, { recursive: true, force: true });
  });
  return pair;
}
