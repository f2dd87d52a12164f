/** A director that dies takes no connection with it, in no mode; and it takes none when it comes back. MOAT_CROWD: how many. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ForwardMode } from '../../../model/l4/virtual-server.ts';
import { labMissing, until } from '../../lab/lab.ts';
import { programMissing } from '../program.ts';
import { Crowd, type Report, SyncPair } from './pair.ts';

const skip = programMissing() || labMissing();
const COUNT = Number(process.env['MOAT_CROWD'] ?? 1000);

/** Waits until each connection has exchanged something since the mark, or is lost. */
async function allGoOn(crowd: Crowd, t: TestContext, what: string): Promise<Report> {
  let report = await crowd.ask('report');
  await until(async () => {
    report = await crowd.ask('report');
    return report.silent === 0 && report.behind === 0;
  }, `all connections to go on: ${what}`).catch(fault => t.diagnostic(String(fault)));
  t.diagnostic(`${what}: ${JSON.stringify({ ...report, lost: report.lost.length })}`);
  assert.deepEqual(report.lost.slice(0, 5), [], what);
  assert.equal(report.silent, 0, what);
  return report;
}

const takeovers = ({ directors }: SyncPair, at: 0 | 1): string =>
  directors[at].log
    .split('\n')
    .filter(line => /backup to active|flow sync: |pause/.test(line))
    .join('\n');

async function failOverAndBack(t: TestContext, pair: SyncPair): Promise<void> {
  await pair.serve();
  await pair.start(1);
  await pair.start(0);
  await pair.isInStep(0);
  await pair.isInStep(1);
  await until(() => pair.holds(0) && !pair.holds(1), 'the first director to have the addresses');
  const crowd = new Crowd(pair.client, COUNT);
  const begun = await crowd.answer();
  assert.deepEqual([begun.open, begun.lost], [COUNT, []]);
  await allGoOn(crowd, t, 'all is well');

  const before = (await pair.sync(1))!;
  t.diagnostic(`received by the second: ${JSON.stringify(before)}`);
  await crowd.ask('mark');
  pair.kill(0);
  await until(() => pair.holds(1), 'the second director to have the addresses');
  await sleep(1000);
  await crowd.ask('report').then(({ silenceMs }) => t.diagnostic(`without an answer for ${silenceMs} ms`));
  t.diagnostic(takeovers(pair, 1));
  await allGoOn(crowd, t, 'after the death');
  await crowd.ask(`add ${Math.ceil(COUNT / 10)}`);

  await crowd.ask('mark');
  pair.revive(0);
  await pair.start(0);
  await until(() => pair.holds(0) && !pair.holds(1), 'the first director to have the addresses again');
  await sleep(1000);
  await crowd
    .ask('report')
    .then(({ silenceMs }) => t.diagnostic(`back: without an answer for ${silenceMs} ms`));
  t.diagnostic(takeovers(pair, 0));
  const report = await allGoOn(crowd, t, 'after the return');
  assert.equal(report.open, COUNT + Math.ceil(COUNT / 10));
  t.diagnostic(`received by the first: ${JSON.stringify(await pair.sync(0))}`);

  // Who served them in between is told that they end, also of those that the ring gives to everybody.
  crowd.child.stdin!.end();
  for (const at of [0, 1] as const)
    await until(async () => (await established(pair, at)) === 0, `director ${at} to know of no connection`);
}

/** TCP connections that go on, as the table of that director has them. */
async function established(pair: SyncPair, at: 0 | 1): Promise<number> {
  const { services } = await pair.directors[at].figures();
  const reals = services.filter(({ protocol }) => protocol === 'tcp').flatMap(service => service.reals);
  return reals.reduce((sum, { active }) => sum + active, 0);
}

describe('flow sync: a director dies, and comes back', { skip }, () => {
  const CASES: [ForwardMode, string][] = [
    ['nat', 'rr'],
    ['fullnat', 'wlc'],
    ['dr', 'rr'],
    ['dr', 'mh'],
  ];
  test('fullnat, opened by SYN cookies: no connection is lost', async t => {
    await using pair = new SyncPair({ mode: 'fullnat', tcp: 'syn_cookies always;' });
    await failOverAndBack(t, pair);
  });

  test('dr by mh: connections from before a real server was there are told when it comes', async t => {
    await using pair = new SyncPair({ mode: 'dr', scheduler: 'mh' });
    const alone = (text: string) => text.replaceAll(/(real_server \S+12\]?:\d+);/g, '$1 weight=0;');
    await pair.serve();
    await pair.start(1, alone);
    await pair.start(0, alone);
    await pair.isInStep(1);
    await until(() => pair.holds(0) && !pair.holds(1), 'the first director to have the addresses');
    const crowd = new Crowd(pair.client, COUNT);
    assert.equal((await crowd.answer()).open, COUNT);
    for (const at of [1, 0] as const) await pair.directors[at].reload(pair.text(at));
    // A round of all flows takes 30 s; who dies before must have told of those that the ring would send elsewhere now.
    // Of all that it would: some still come while others are there.
    let told = 0;
    const areTold = async () => {
      const before = told;
      await sleep(500);
      told = (await pair.sync(1))?.imported.new ?? 0;
      return told > COUNT * 0.4 && told === before;
    };
    await until(areTold, 'the second director to know them', 20_000);
    await crowd.ask('mark');
    pair.kill(0);
    await until(() => pair.holds(1), 'the second director to have the addresses');
    await allGoOn(crowd, t, 'after the death');
  });

  for (const [mode, scheduler] of CASES)
    test(`${mode} by ${scheduler}: no connection is lost`, async t => {
      await using pair = new SyncPair({ mode, scheduler });
      await failOverAndBack(t, pair);
    });
});
