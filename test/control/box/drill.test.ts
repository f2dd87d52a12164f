/** `moat drill`: each fault once, under load; one owner after each, and nothing lost where that is promised. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { randomFrom } from '../../../control/box/random.ts';
import { PROGRAMS } from '../../e2e/rig.ts';
import { options } from './demo.ts';

interface Told {
  readonly fault: string;
  readonly before: string;
  readonly meanwhile: string;
  readonly sent: number;
  readonly failed: number;
  readonly kept: number;
  readonly lost: number;
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
const SOME: readonly (readonly [string, number])[] = [
  ['to moat on the active', 1],
  ['moat vrrp failover', 1],
];

for (const [only, count] of SOME)
  test(`drill --only "${only}"`, options, async () => {
    const { blows, code, said } = await drill('--only', only);
    assert.deepEqual(
      blows.filter(({ wrong }) => wrong.length > 0),
      [],
      said,
    );
    assert.equal(code, 0, said);
    assert.equal(blows.length, count, said);
    for (const { sent, kept, before, meanwhile } of blows) {
      assert.ok(sent > 0 && kept > 0, said);
      assert.deepEqual([before, meanwhile], ['director1', 'director2'], said);
    }
  });

test('drill: random faults are the same for the same seed, and all of them come', () => {
  const some = (seed: number) => Array.from({ length: 200 }, randomFrom(seed));
  assert.deepEqual(some(7), some(7));
  assert.notDeepEqual(some(7), some(8));
  assert.equal(new Set(some(7).map(number => Math.floor(number * 9))).size, 9);
});
