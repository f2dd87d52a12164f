/** `moat drill`: each fault once, under load; one owner after each, and nothing lost where that is promised. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { randomFrom } from '../../../control/box/random.ts';
import { PROGRAMS } from '../../e2e/rig.ts';
import { labMissing } from '../../lab/lab.ts';
import { options } from './demo.ts';

interface Told {
  readonly fault: string;
  readonly before: string;
  readonly meanwhile: string;
  readonly sent: number;
  readonly failed: number;
  readonly kept: number;
  readonly lost: number;
  readonly twoMs: number;
  readonly noneMs: number;
  readonly brokenMs: number;
  readonly notes: readonly string[];
  readonly wrong: readonly string[];
}

/** @returns what it says of each fault, and its exit code */
async function drill(...words: string[]): Promise<{ blows: Told[]; code: number | null; said: string }> {
  const child = spawn(PROGRAMS.moat, ['drill', '--json', '--rate', '50', ...words], { stdio: 'pipe' });
  let said = '';
  let complained = '';
  child.stdout.setEncoding('utf8').on('data', text => (said += text));
  child.stderr.setEncoding('utf8').on('data', text => (complained += text));
  const code = await new Promise<number | null>(done => child.once('close', done));
  const blows = said.split('\n').flatMap(line => (line.startsWith('{') ? [JSON.parse(line) as Told] : []));
  return { blows, code, said: said + complained };
}

/** All take longer than a test file may: `moat drill` runs them. */
const PARTITION = 'hear nothing of each other';
const SITE = ['the certificate expires', 'a poisoned configuration'] as const;
const SOME = {
  redis: ['SIGSTOP to moat on the active', PARTITION],
  none: ['moat vrrp failover', ...SITE],
} as const;

for (const witness of ['redis', 'none'] as const)
  test(`drill --witness ${witness}: all is as it should be, and no two have an address for too long`, {
    ...options,
    skip: options.skip || labMissing('nft', ...(witness === 'redis' ? ['redis-server'] : [])),
  }, async () => {
    const only = SOME[witness];
    const told = await drill('--witness', witness, ...only.flatMap(text => ['--only', text]));
    const { blows, code, said } = told;
    assert.deepEqual(
      blows.filter(({ wrong }) => wrong.length > 0),
      [],
      said,
    );
    assert.equal(code, 0, said);
    assert.equal(blows.length, only.length, said);
    for (const { fault, brokenMs, notes } of blows.slice(1)) {
      assert.ok(brokenMs > 0, said);
      if (SITE.some(text => fault.includes(text))) assert.ok(notes.length > 0, said);
    }
    for (const { sent, kept, before, meanwhile, fault, twoMs, noneMs } of blows) {
      assert.ok(sent > 0 && kept > 0, said);
      const stays = [PARTITION, ...SITE].some(text => fault.includes(text));
      const then = stays ? 'director1' : 'director2';
      assert.deepEqual([before, meanwhile], ['director1', then], said);
      assert.deepEqual([typeof twoMs, typeof noneMs], ['number', 'number'], said);
    }
  });

test('drill: random faults are the same for the same seed, and all of them come', () => {
  const some = (seed: number) => Array.from({ length: 200 }, randomFrom(seed));
  assert.deepEqual(some(7), some(7));
  assert.notDeepEqual(some(7), some(8));
  assert.equal(new Set(some(7).map(number => Math.floor(number * 9))).size, 9);
});
