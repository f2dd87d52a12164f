/** What metrics were: in fast time over a month, over restarts, gaps, clocks that jump and disks that refuse. */
import assert from 'node:assert/strict';
import { constants, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { History } from '../../../control/api/history/history.ts';
import { Host } from '../../../control/api/history/host.ts';
import { readInto } from '../../../control/api/history/readings.ts';
import { MOST_SERIES, RingFile } from '../../../control/api/history/ring-file.ts';
import type { StatusReport } from '../../../control/status/report.ts';
import { until } from '../../e2e/rig.ts';
import { startApi } from './api-rig.ts';

/** A Monday, at a full minute. */
const START_S = 1_800_000_000;
const DAY_S = 86_400;

function disk() {
  const dir = mkdtempSync(join(tmpdir(), 'moat-history-'));
  const path = join(dir, 'metrics.ring');
  const told: string[] = [];
  const open = (nowS: number) =>
    new History(new RingFile(openSync(path, constants.O_RDWR | constants.O_CREAT)), nowS, text =>
      told.push(text),
    );
  return { path, told, open, [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}

const one = (value: number) => new Map([['load', value]]);
const all = (nowS: number) => ({ sinceS: nowS - DAY_S, untilS: nowS + 1, stepS: 60 });

test('history: 32 days in fast time are 30 days of minutes and an hour of seconds, in a file that does not grow', () => {
  using place = disk();
  const history = place.open(START_S);
  let sizeBytes = 0;
  const lastS = START_S + 32 * DAY_S - 1;
  for (let atS = START_S; atS <= lastS; atS += atS < lastS - 7200 ? 20 : 1) {
    history.record(atS, one(atS % 60 === 0 ? 60 : 0));
    if (atS === START_S + DAY_S) sizeBytes = statSync(place.path).size;
  }
  assert.equal(statSync(place.path).size <= Math.max(sizeBytes, 4096 + 360_512), true);
  const seconds = history.curve('load', { sinceS: lastS - 3599, untilS: lastS + 1, stepS: 1 })!;
  assert.equal(seconds.points.length, 1200, 'steps of 3 s, so that there are few points');
  const minute = history.curve('load', { sinceS: lastS - 59, untilS: lastS + 1, stepS: 1 })!;
  assert.deepEqual([minute.stepS, minute.points.length], [1, 60]);
  assert.deepEqual(minute.points[0], [lastS - 59, 60, 60]);
  assert.deepEqual(minute.points[1], [lastS - 58, 0, 0], 'a zero is a value');
  const month = history.curve('load', { sinceS: lastS - 40 * DAY_S, untilS: lastS + 1, stepS: 60 })!;
  assert.ok(month.points.length <= 1500);
  assert.ok(month.points[0]![0] > lastS - 30 * DAY_S - 3600, 'older than 30 days');
  assert.ok(month.points[0]![0] < lastS - 29 * DAY_S);
  for (const [, mean, most] of month.points.slice(0, 100)) assert.deepEqual([mean, most], [20, 60]);
  const hour = history.curve('load', { sinceS: lastS - 7000, untilS: lastS + 1, stepS: 60 })!;
  assert.deepEqual(hour.points[5]!.slice(1), [1, 60]);
  history.close();
});

test('history: lives over a restart; what was not recorded is not there, and nothing of a lap before', () => {
  using place = disk();
  const first = place.open(START_S);
  for (let atS = START_S; atS < START_S + 600; atS++) first.record(atS, one(atS - START_S));
  first.close();
  const again = place.open(START_S + 700);
  const seconds = () =>
    again.curve('load', { sinceS: START_S + 500, untilS: START_S + 800, stepS: 1 })!.points;
  assert.equal(seconds().at(-1)![1], 599, 'the last second before the end');
  for (let atS = START_S + 780; atS < START_S + 900; atS++) again.record(atS, one(7));
  const points = again.curve('load', { sinceS: START_S + 500, untilS: START_S + 900, stepS: 1 })!.points;
  assert.deepEqual(
    points.map(([atS]) => atS),
    [
      ...Array.from({ length: 100 }, (_, at) => START_S + 500 + at),
      ...Array.from({ length: 120 }, (_, at) => START_S + 780 + at),
    ],
  );
  const minutes = again.curve('load', all(START_S + 900))!.points.map(([atS]) => (atS - START_S) / 60);
  assert.deepEqual(minutes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13], 'minutes of the pause are there');
  again.close();
  const late = place.open(START_S + 31 * DAY_S);
  late.record(START_S + 31 * DAY_S, one(1));
  late.record(START_S + 31 * DAY_S + 60, one(1));
  assert.deepEqual(
    late.curve('load', all(START_S + 31 * DAY_S + 60))!.points.length,
    1,
    'a lap later the old ones show',
  );
  late.close();
});

test('history: a clock that comes back is waited for; one that jumped far begins anew', () => {
  using place = disk();
  const history = place.open(START_S);
  for (let atS = START_S; atS < START_S + 120; atS++) history.record(atS, one(1));
  for (let atS = START_S + 60; atS < START_S + 120; atS++) history.record(atS, one(9));
  const values = () =>
    history
      .curve('load', { sinceS: START_S, untilS: START_S + 120, stepS: 1 })!
      .points.map(([, mean]) => mean);
  assert.ok(values().every(value => value === 1));
  history.record(START_S - DAY_S, one(5));
  history.record(START_S - DAY_S + 60, one(5));
  assert.deepEqual(history.curve('load', all(START_S - 60))!.points, [[START_S - DAY_S, 5, 5]]);
  assert.deepEqual(place.told, []);
});

test('history: series are bounded; one that is used no more gives its place', () => {
  using place = disk();
  const history = place.open(START_S);
  const many = new Map(Array.from({ length: MOST_SERIES + 10 }, (_, at) => [`m${at}`, at]));
  history.record(START_S, many);
  assert.equal(history.names().length, MOST_SERIES);
  assert.equal(history.dropped, 10);
  assert.equal(place.told.length, 1);
  for (let atS = START_S + 1; atS < START_S + 3700; atS += 60) history.record(atS, one(1));
  assert.ok(history.names().includes('load'));
  assert.equal(history.names().length, MOST_SERIES);
  assert.ok(
    history
      .curve('load', { sinceS: START_S, untilS: START_S + 3700, stepS: 60 })!
      .points.every(([, , most]) => most === 1),
    'it has what another series was',
  );
  const wide = statSync(place.path).blocks * 512;
  assert.ok(wide < 100 << 20, `${wide}`);
});

test('history: a file that is torn, of something else, or on a full disk costs the history and nothing else', () => {
  using place = disk();
  writeFileSync(place.path, 'something else');
  const fresh = place.open(START_S);
  fresh.record(START_S, one(3));
  fresh.close();
  assert.deepEqual(place.open(START_S + 1).names(), ['load']);
  const fd = openSync(place.path, 'r+');
  writeSync(fd, Buffer.alloc(600, 0xff), 0, 600, 4096);
  assert.deepEqual(place.open(START_S + 1).names(), [], 'a name that cannot be is one');
  const told: string[] = [];
  const bad = new RingFile(openSync(place.path, 'r'));
  const history = new History(bad, START_S, text => told.push(text));
  for (let atS = START_S + 1; atS < START_S + 300; atS++) history.record(atS, one(4));
  assert.equal(
    history.curve('load', { sinceS: START_S + 200, untilS: START_S + 300, stepS: 1 })!.points.length,
    100,
  );
  assert.equal(told.length, 1, told.join());
  assert.match(told[0]!, /cannot be kept/);
});

test('host: processor, memory and network from what the kernel says', () => {
  const files: Record<string, string> = {
    '/proc/stat': 'cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 1 1\n',
    '/proc/net/dev':
      'Inter-|\n face |bytes\n    lo: 5 0 0 0 0 0 0 0 5 0\n  eth0: 1000 1 0 0 0 0 0 0 500 1 0\n',
    '/proc/meminfo': 'MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 250 kB\n',
    '/proc/loadavg': '0.50 0.1 0.1 1/100 5\n',
  };
  const host = new Host(path => files[path]!);
  const values = new Map<string, number>();
  host.readInto(values, 0);
  assert.equal(values.get('host_memory_used_ratio'), 0.75);
  assert.equal(values.get('host_load1'), 0.5);
  files['/proc/stat'] = 'cpu  150 0 100 850 0 0 0 0 0 0\n';
  files['/proc/net/dev'] = '  eth0: 3000 1 0 0 0 0 0 0 1500 1 0\n';
  host.readInto(values, 2000);
  assert.equal(values.get('host_cpu_ratio'), 0.5);
  assert.equal(values.get('host_network_receive_bytes_per_second{interface="eth0"}'), 1000);
  assert.equal(values.get('host_network_transmit_bytes_per_second{interface="eth0"}'), 500);
});

test('readings: rates and quantiles of two looks', () => {
  const report = (requests: number, failed: number) =>
    ({
      revision: 3,
      refusal: undefined,
      l7: {
        ...{
          pid: 1,
          uptimeMs: 1,
          memoryBytes: 5,
          workers: [1],
          pools: [
            { name: 'a"b', queued: 1, members: [{ state: 'up' }, { state: 'unhealthy' }, { state: 'down' }] },
          ],
        },
        traffic: {
          ...{
            accepted: 0,
            requests,
            connections: { active: 2 },
            answers: [0, 0, requests - failed, 0, 0, failed],
            inspected: [0, 0, 0],
          },
          ...{
            durations: { buckets: [requests - failed, failed, 0], count: requests, sum: requests / 10 },
            durationBounds: [0.1, 1],
          },
        },
      },
    }) as unknown as StatusReport;
  const values = new Map<string, number>();
  readInto(values, { report: report(300, 10), atMs: 2000 }, { report: report(100, 0), atMs: 1000 });
  assert.equal(values.get('http_requests_per_second'), 200);
  assert.equal(values.get('http_5xx_ratio'), 0.05);
  assert.equal(values.get('http_duration_seconds{quantile="0.99"}')! > 0.1, true);
  assert.equal(values.get('pool_members_up{pool="a\\"b"}'), 1);
  assert.equal(values.get('pool_members_down'), 1);
});

test('metrics: the running program has a history that is asked for by name, and keeps it over another process', async () => {
  await using rig = await startApi();
  const token = rig.token('viewer');
  const path = `/api/v1/metrics/range?name=${encodeURIComponent('host_memory_used_ratio\nhttp_requests_per_second')}&since=-60`;
  const pointsOf = async () => {
    const { status, body } = await rig.call(path, { token });
    return status === 200 ? body.items.map(({ points }: { points: unknown[] }) => points.length) : [0];
  };
  await until(async () => Math.min(...(await pointsOf())) >= 2, 'two seconds of metrics');
  const { body } = await rig.call('/api/v1/metrics', { token });
  for (const name of ['host_cpu_ratio', 'host_disk_used_ratio{path="/"}', 'l7_up', 'control_answer_seconds'])
    assert.ok(body.items.includes(name), name);
  assert.equal((await rig.call('/api/v1/metrics/range?name=none', { token })).status, 404);
  assert.equal((await rig.call('/api/v1/metrics/range?name=l7_up&since=5&until=4', { token })).status, 400);
  const before = (await pointsOf())[0];
  rig.moat.reload(rig.conf(undefined, 'audit_limit 32m;'));
  await until(
    async () => (await rig.call('/api/v1/status', { token }).catch(() => undefined))?.body?.revision === 2,
  );
  const isKept = async () => (await pointsOf().catch(() => [0]))[0] >= before;
  await until(isKept, 'what the process before took along');
  assert.equal(statSync(`${rig.state}/metrics.ring`).mode & 0o777, 0o600);
});
