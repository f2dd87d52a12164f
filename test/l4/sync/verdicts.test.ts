/** Two directors that do not think the same of a real server: a takeover breaks nothing for it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ForwardMode } from '../../../model/l4/virtual-server.ts';
import { labMissing, until } from '../../lab/lab.ts';
import { programMissing } from '../program.ts';
import { Crowd, SyncPair } from './pair.ts';

const skip = programMissing() || labMissing();
const COUNT = 100;
const CHECK = 'health_check tcp interval=200ms timeout=1s rise=1 fall=3;';

/** Real servers of TCP that a director finds alive. */
const living = async (pair: SyncPair, at: 0 | 1): Promise<number[]> =>
  (await pair.directors[at].figures()).services
    .filter(({ protocol }) => protocol === 'tcp')
    .map(({ reals }) => reals.filter(({ state }) => state === 'alive').length);

describe('flow sync: the second director has seen a real server dead once, and not asked since', {
  skip,
}, () => {
  const CASES: [ForwardMode, string][] = [
    ['dr', 'mh port'],
    ['nat', 'rr'],
  ];
  for (const [mode, scheduler] of CASES)
    test(`${mode} by ${scheduler}: it takes over, and no connection is lost`, async () => {
      await using pair = new SyncPair({ mode, scheduler, tcp: CHECK });
      await pair.serve(0);
      const rarely = (text: string) => text.replaceAll('interval=200ms', 'interval=1h');
      await pair.start(1, rarely);
      await until(
        async () => (await living(pair, 1)).join() === '1,1',
        'the second to find one of them dead',
      );
      await pair.start(0);
      await pair.serve(1);
      await until(async () => (await living(pair, 0)).join() === '2,2', 'the first to find both alive');
      await pair.isInStep(1);
      await until(() => pair.holds(0) && !pair.holds(1), 'the first director to have the addresses');
      assert.deepEqual(await living(pair, 1), [1, 1]);

      const crowd = new Crowd(pair.client, COUNT);
      assert.equal((await crowd.answer()).open, COUNT);
      const told = async () => ((await pair.sync(1))?.imported.new ?? 0) > COUNT / 4;
      await until(told, 'the second to know of connections that it would send elsewhere');
      await crowd.ask('mark');
      pair.kill(0);
      await until(() => pair.holds(1), 'the second director to have the addresses');
      let report = await crowd.ask('report');
      await until(async () => {
        report = await crowd.ask('report');
        return report.lost.length > 0 || (report.silent === 0 && report.behind === 0);
      }, 'all connections to go on');
      assert.deepEqual(report.lost, []);
      assert.equal(report.open, COUNT);
    });
});
