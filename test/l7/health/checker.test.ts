/** When members are asked, how many at once, and what verdicts become of the answers. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { HealthCheckModel } from '#model/l7/health.ts';
import { Log } from '../../../kit/log.ts';
import { HealthChecker, type Ward } from '../../../l7/health/checker.ts';
import type { Probe, ProbeMaker } from '../../../l7/health/probe.ts';
import { ownerOf } from '../../../l7/zone/lock.ts';
import { Peers, STATE } from '../../../l7/zone/peers.ts';
import { memberModel } from '../balance/field.ts';
import { checkModel } from './check-model.ts';

/** A checker whose members say what the test wants, in a time that the test moves. */
class Clinic {
  readonly lines: string[] = [];
  readonly asked: string[] = [];
  /** What members say; undefined is health. */
  readonly says = new Map<string, string | undefined>();
  /** Answers come only when this is resolved. */
  gate: Promise<void> | undefined;
  underWay = 0;
  mostUnderWay = 0;
  readonly checker: HealthChecker;

  constructor() {
    const probe: ProbeMaker = (_, { host }): Probe => ({ run: () => this.#answer(host), close() {} });
    const sink = { write: (line: string) => this.lines.push(line.replace(/^.*?\[/, '[')) };
    const log = new Log([{ level: 'info', sink }], 'test', { now: () => '' });
    this.checker = new HealthChecker({
      probes: { http: probe, tcp: probe, grpc: probe },
      log: () => log,
      nowMs: () => 1000,
      random: () => 0.5,
    });
  }

  async #answer(host: string): Promise<string | undefined> {
    this.asked.push(host);
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
    await this.gate;
    this.underWay--;
    return this.says.get(host);
  }
}

function ward(
  names: readonly string[],
  checks: readonly HealthCheckModel[],
  peers = peersOf(names),
): Ward & { peers: Peers } {
  const beds = names.map((name, index) => ({
    poolName: 'app',
    member: memberModel(name, { slowStartMs: 5 }),
    peers,
    index,
    name,
  }));
  return { poolName: 'app', checks, beds, peers };
}

const peersOf = (names: readonly string[]) =>
  new Peers(
    Peers.create(
      names,
      names.map(() => 1),
      1,
    ),
    0,
    ownerOf(0),
  );

async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    mock.timers.tick(Math.min(100, left));
    for (let n = 0; n < 6; n++) await turn();
  }
}

const timed = (name: string, body: () => Promise<void>) =>
  test(name, async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      await body();
    } finally {
      mock.timers.reset();
    }
  });

timed('checker: fails and passes in a row change the verdict, once, with a word in the log', async () => {
  const clinic = new Clinic();
  const app = ward(['a', 'b'], [checkModel({ fails: 3, passes: 2 })]);
  clinic.checker.follow([app], true);
  await pass(1500);
  assert.deepEqual([app.peers.state(0), clinic.lines], [0, []]);
  clinic.says.set('a', 'status 500');
  await pass(2000);
  assert.equal(app.peers.state(0), 0, 'two are not enough');
  await pass(1000);
  assert.deepEqual([app.peers.state(0), app.peers.state(1)], [STATE.unhealthy, 0]);
  assert.deepEqual(clinic.lines, [
    '[warn] test: health check: a:80 of upstream "app" is unhealthy: status 500',
  ]);
  clinic.says.delete('a');
  await pass(1000);
  clinic.says.set('a', 'no');
  await pass(1000);
  clinic.says.delete('a');
  await pass(1000);
  assert.equal(app.peers.state(0), STATE.unhealthy, 'not two in a row');
  await pass(1000);
  assert.equal(app.peers.state(0), 0);
  assert.equal(clinic.lines[1], '[notice] test: health check: a:80 of upstream "app" is healthy');
  assert.equal(app.peers.slowStartMs[0], 1000, 'and begins slowly');
  clinic.checker.keepOnly(new Set());
});

timed('checker: mandatory members wait for their first check; it decides at once', async () => {
  const clinic = new Clinic();
  clinic.says.set('b', 'refused');
  const app = ward(['a', 'b'], [checkModel({ mandatory: true, fails: 3, passes: 3 })]);
  clinic.checker.follow([app], true);
  assert.deepEqual([app.peers.state(0), app.peers.state(1)], [STATE.unchecked, STATE.unchecked]);
  await pass(100);
  assert.deepEqual([app.peers.state(0), app.peers.state(1)], [0, STATE.unhealthy]);
  clinic.checker.keepOnly(new Set());
});

timed(
  'checker: after a reload mandatory members prove themselves again, unless it is persistent',
  async () => {
    for (const persistent of [false, true]) {
      const clinic = new Clinic();
      const checks = [checkModel({ mandatory: true, persistent })];
      const app = ward(['a'], checks);
      clinic.checker.follow([app], true);
      await pass(100);
      assert.equal(app.peers.state(0), 0);
      clinic.checker.follow([app], true);
      assert.equal(app.peers.state(0), persistent ? 0 : STATE.unchecked);
      clinic.checker.follow([ward(['a', 'new'], checks, app.peers)].slice(0, 0), false);
      await pass(100);
      assert.equal(app.peers.state(0), 0);
      clinic.checker.keepOnly(new Set());
    }
  },
);

timed('checker: verdicts go along when the members of a pool change, and new ones begin', async () => {
  const clinic = new Clinic();
  clinic.says.set('a', 'ill');
  const checks = [checkModel({ mandatory: true })];
  clinic.checker.follow([ward(['a', 'b'], checks)], true);
  await pass(100);
  const next = ward(['c', 'a'], checks);
  clinic.checker.follow([next], false);
  assert.deepEqual([next.peers.state(0), next.peers.state(1)], [STATE.unchecked, STATE.unhealthy]);
  clinic.asked.length = 0;
  await pass(2000);
  assert.ok(!clinic.asked.includes('b'), 'who left is not asked');
  assert.equal(next.peers.state(0), 0);
  clinic.checker.keepOnly(new Set());
});

timed('checker: of several checks one that fails is enough', async () => {
  const clinic = new Clinic();
  const app = ward(['a'], [checkModel({ uri: '/one' }), checkModel({ uri: '/two', intervalMs: 300 })]);
  clinic.checker.follow([app], true);
  clinic.says.set('a', 'ill');
  await pass(500);
  assert.equal(app.peers.state(0), STATE.unhealthy);
  clinic.checker.keepOnly(new Set());
});

timed('checker: a reload that leaves a check as it was does not ask anew', async () => {
  const clinic = new Clinic();
  const app = ward(['a'], [checkModel()]);
  clinic.checker.follow([app], true);
  await pass(100);
  for (let n = 0; n < 20; n++)
    clinic.checker.follow([ward(['a'], [checkModel({ site: { file: '', line: n } })], app.peers)], true);
  await pass(100);
  assert.equal(clinic.asked.length, 1);
  clinic.checker.keepOnly(new Set());
});

timed(
  'checker: thousands of members are asked within seconds, not all at once, and spread afterwards',
  async () => {
    const clinic = new Clinic();
    const open = Promise.withResolvers<void>();
    clinic.gate = open.promise;
    const names = Array.from({ length: 3000 }, (_, n) => `m${n}`);
    clinic.checker.follow([ward(names, [checkModel({ intervalMs: 10_000 })])], true);
    await pass(5000);
    assert.equal(clinic.mostUnderWay, 1000, 'others wait their turn');
    open.resolve();
    for (let n = 0; n < 5000 && clinic.asked.length < 3000; n++) await turn();
    assert.equal(new Set(clinic.asked).size, 3000);
    clinic.checker.keepOnly(new Set());
    await pass(20_000);
    assert.equal(clinic.asked.length, 3000, 'nobody is asked after the end');
  },
);
