/** The picture of a running program. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrafficReport } from '#l7';
import type { StatusReport } from '../../../control/status/report.ts';
import { drawStatus } from '../../../control/status/table.ts';
import { durationText, secondsText, tableOf } from '../../../control/status/text.ts';

const engine = (requests: number) => ({ revision: 2, connections: 3, idle: 1, accepted: 9, requests });
/** Of each ten requests nine took 2 ms and one 40 ms, and one was answered by 404. */
const traffic = (requests: number): TrafficReport => ({
  accepted: requests / 10,
  requests,
  connections: { active: 6, reading: 1, writing: 2, waiting: 3 },
  answers: [0, 0, requests * 0.9, 0, requests / 10, 0, 0, 0, 0, 0],
  malformed: 4,
  failedHandshakes: 0,
  inspected: [0, 0, 0],
  durations: {
    buckets: [0, requests * 0.9, requests / 10, 0],
    count: requests,
    sum: requests * (0.9 * 0.002 + 0.1 * 0.04),
  },
  durationBounds: [0.001, 0.0025, 0.05],
});

const report = (requests: number, more: Partial<StatusReport> = {}): StatusReport => ({
  version: '0.1.0',
  cluster: undefined,
  l4: undefined,
  pid: 7,
  file: '/etc/moat/moat.conf',
  uptimeMs: 3_661_000,
  revision: 2,
  appliedAtMs: Date.now(),
  refusal: undefined,
  listeners: [{ key: '0.0.0.0:80', sockets: 2 }],
  l7: {
    pid: 8,
    revision: 2,
    uptimeMs: 10_000,
    memoryBytes: 50 * 1024 ** 2,
    traffic: traffic(requests * 2),
    workers: [
      { workerId: 0, revision: 2, restarts: 0, engine: engine(requests) },
      { workerId: 1, revision: 2, restarts: 4, engine: engine(requests) },
    ],
    sessionStore: undefined,
    pools: [
      {
        name: 'shop',
        queued: 0,
        members: [
          {
            name: '10.0.0.1:80',
            address: '10.0.0.1:80',
            backup: true,
            weight: 1,
            state: 'unavailable',
            inFlight: 2,
            failsNow: 1,
            headerMs: 12.4,
            responseMs: 0,
            counts: {
              connections: 1,
              requests,
              fails: 3,
              responses1xx: 0,
              responses2xx: 0,
              responses3xx: 0,
              responses4xx: 0,
              responses5xx: 7,
              bytesReceived: 0,
              bytesSent: 0,
            },
          },
        ],
      },
    ],
  },
  ...more,
});

test('status: rates are counted between two samples', () => {
  const text = drawStatus({ report: report(150), atMs: 1500 }, { report: report(100), atMs: 1000 });
  assert.match(text, /^moat 0\.1\.0 {3}process 7 {3}up 1h 1m {3}\/etc\/moat\/moat\.conf\n/);
  assert.match(text, /\nL7 process 8 {3}memory 50 MB\n/);
  assert.match(text, /\nconnections 6 \(1 reading, 2 writing, 3 waiting\) {3}accepted 30 {3}20\/s\n/);
  assert.match(
    text,
    /\nrequests 300 {3}200\/s {3}mean 5\.8 ms, half within 2\.5 ms, 99% within 50 ms {3}malformed 4\n/,
  );
  assert.match(text, /\nanswers +count +rate\n2xx +270 +180\/s\n4xx +30 +20\/s\n\n/);
  assert.match(text, /\n1 +3 +1 +9 +150 +100 +4\n/);
  assert.match(text, /\nshop\n {2}10\.0\.0\.1:80 \(backup\) +unavailable +2 +150 +100 +3 +7 +12\n/);
  assert.match(text, /\n0\.0\.0\.0:80 +2\n/);
});

test('status: without an earlier sample, or after a new start of the workers, rates are of their whole life', () => {
  assert.match(drawStatus({ report: report(50), atMs: 1 }, undefined), /requests 100 {3}10\/s/);
  const before = report(1000);
  const other = { ...before, l7: { ...before.l7!, pid: 6 } };
  assert.match(drawStatus({ report: report(50), atMs: 2 }, { report: other, atMs: 1 }), / 10\/s/);
});

test('status: what is wrong stands out', () => {
  const text = drawStatus(
    { report: report(0, { l7: undefined, refusal: 'no such port' }), atMs: 0 },
    undefined,
  );
  assert.match(text, /\n! the last reload was refused: no such port\n! the L7 process is down\n/);
});

test('table: columns are as wide as their widest cell', () => {
  const rows = [
    ['a', '1'],
    ['bcd', '22222'],
  ];
  assert.equal(tableOf(['x', 'n'], rows), 'x        n\na        1\nbcd  22222\n');
  assert.equal(tableOf(['x'], []), '');
});

test('duration: the two largest units', () => {
  const cases: [number, string][] = [
    [0, '0s'],
    [4999, '4s'],
    [63_000, '1m 3s'],
    [7_500_000, '2h 5m'],
    [270_000_000, '3d 3h'],
    [3_600_000, '1h 0m'],
  ];
  for (const [ms, text] of cases) assert.equal(durationText(ms), text);
});

test('seconds: two digits in the unit that fits', () => {
  const cases: [number, string][] = [
    [0.00025, '250 µs'],
    [0.0025, '2.5 ms'],
    [0.0421, '42 ms'],
    [1.26, '1.3 s'],
  ];
  for (const [seconds, text] of cases) assert.equal(secondsText(seconds), text);
});
