/** A director that hears nothing of the other one for a while, and then is there as before: it has missed nothing. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { labMissing, until } from '../../lab/lab.ts';
import { programMissing } from '../program.ts';
import { Crowd, SyncPair } from './pair.ts';

const skip = programMissing() || labMissing();
const COUNT = 100;

describe('flow sync: a director that hangs for a while', { skip }, () => {
  test('nat: connections of that time are known to it soon, not after a round of all', async () => {
    await using pair = new SyncPair({ mode: 'nat' });
    await pair.serve();
    await pair.start(1);
    await pair.start(0);
    await Promise.all([pair.isInStep(0), pair.isInStep(1)]);
    await until(() => pair.holds(0) && !pair.holds(1), 'the first director to have the addresses');
    const [hung, ...others] = pair.directors[1].host.pids.filter(pid =>
      readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('l4/process.ts'),
    );
    assert.ok(hung !== undefined && others.length === 0);
    process.kill(hung, 'SIGSTOP');
    await until(
      async () => (await pair.sync(0))?.state === 'alone',
      'the first to hear nothing of the second',
    );
    const crowd = new Crowd(pair.client, COUNT);
    assert.equal((await crowd.answer()).open, COUNT);
    process.kill(hung, 'SIGCONT');
    const knows = async () => ((await pair.sync(1))?.imported.new ?? 0) >= COUNT;
    await until(knows, 'the second to know all connections', 12_000);
    await pair.isInStep(0);
    await pair.isInStep(1);
    assert.equal((await pair.sync(1))?.meetings, 1);
  });
});
