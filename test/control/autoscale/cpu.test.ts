/** How busy members are: what node_exporter tells, and members that tell nothing, nonsense, or less than before. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { busyPercent, cpuTimesOf } from '../../../control/autoscale/cpu-times.ts';
import { CpuWatch } from '../../../control/autoscale/cpu-watch.ts';
import type { Sample } from '../../../control/status/sample.ts';
import { until } from '../../e2e/rig.ts';
import { MODEL } from './days.ts';

/** As node_exporter 1.5 writes it. @param seconds idle, user and iowait of one of two processors */
const page = (
  idle: number,
  user: number,
  iowait = 0,
) => `# HELP node_cpu_seconds_total Seconds the CPUs spent in each mode.
# TYPE node_cpu_seconds_total counter
${[0, 1]
  .flatMap(cpu =>
    Object.entries({ idle, iowait, user, system: 0 }).map(
      ([mode, seconds]) => `node_cpu_seconds_total{cpu="${cpu}",mode="${mode}"} ${seconds.toExponential(4)}`,
    ),
  )
  .join('\n')}
node_cpu_guest_seconds_total{cpu="0",mode="user"} 99999
node_load1 0.5
`;

test('cpuTimesOf: all processors, waiting for disks is no work, guests are not counted twice', () => {
  assert.deepEqual(cpuTimesOf(page(100, 20, 5)), { idleS: 210, totalS: 250 });
  assert.deepEqual(cpuTimesOf('node_cpu_seconds_total{mode="idle",cpu="0"} 5\r\n'), { idleS: 5, totalS: 5 });
  for (const nothing of [
    '',
    'up 1\n',
    'node_cpu_seconds_total{cpu="0",mode="idle"} NaN\n',
    'node_cpu_seconds_total{cpu="0",mode="idle"} -1\n',
  ])
    assert.equal(cpuTimesOf(nothing), undefined, nothing);
});

test('busyPercent: a share of the time between; nothing after a start anew', () => {
  const at = (idleS: number, totalS: number) => ({ idleS, totalS });
  assert.equal(busyPercent(at(100, 200), at(130, 300)), 70);
  assert.equal(busyPercent(at(100, 200), at(101, 200)), undefined);
  assert.equal(busyPercent(at(100, 200), at(1, 2)), undefined);
  assert.equal(busyPercent(at(100, 200), at(90, 300)), undefined);
});

/** Exporters at addresses of loopback, one port for all. */
async function exporters(answers: Readonly<Record<string, RequestListener>>) {
  const servers = new AsyncDisposableStack();
  let port = 0;
  for (const [host, listener] of Object.entries(answers)) {
    const server = createServer(listener);
    await new Promise<void>((done, fail) => server.once('error', fail).listen(port, host, done));
    ({ port } = server.address() as AddressInfo);
    servers.defer(async () => {
      server.closeAllConnections();
      await new Promise(done => server.close(done));
    });
  }
  return { port, [Symbol.asyncDispose]: () => servers.disposeAsync() };
}

test('CpuWatch: the mean of those that tell stands for all members; with fewer than half nothing is known', async () => {
  let idle = 1000;
  let user = 1000;
  let isDown = false;
  const paths = new Set<string | undefined>();
  const busy: RequestListener = ({ url }, answer) => {
    paths.add(url);
    if (isDown) answer.writeHead(500).end();
    else answer.end(page(idle, user));
  };
  const odd: RequestListener = (_, answer) => void answer.end('<html>');
  await using at = await exporters({ '127.0.0.1': busy, '127.0.0.2': busy, '127.0.0.3': odd });
  const model = { ...MODEL, load: 'cpu-percent', exporter: { port: at.port, path: '/metrics' } } as const;
  const lines: string[] = [];
  const stop = new AbortController();
  let nowMs = 0;
  const watch = new CpuWatch([model, MODEL], {
    nowMs: () => nowMs,
    tell: line => lines.push(line),
    signal: stop.signal,
  });
  const member = (host: string, more: object = {}) => ({
    name: host,
    address: `${host}:80`,
    state: 'up',
    backup: false,
    ...more,
  });
  const members = [
    ...[1, 2, 3].map(n => member(`127.0.0.${n}`)),
    member('127.0.0.9', { backup: true }),
    member('127.0.0.9', { state: 'down' }),
  ];
  const sample = { report: { l7: { pools: [{ name: 'app', members }] } }, atMs: 0 } as unknown as Sample;
  const load = () => {
    const values = new Map<string, number>();
    watch.readInto(values, sample);
    return values.get('pool_cpu_percent{pool="app"}');
  };
  const look = async (isSo: (load: number | undefined) => boolean) => {
    await until(() => {
      nowMs += 1000; // a clock of the test's own: questions are due by it
      idle += 2;
      user += 8;
      return isSo(load());
    }, 'the load');
  };
  assert.equal(load(), undefined);
  await look(value => value !== undefined);
  await look(value => Math.round(value ?? 0) === 240);
  assert.deepEqual([...paths], ['/metrics']);
  assert.equal(lines.length, 1, 'told once');
  assert.match(
    lines[0]!,
    /pool "app": 1 of 3 members do not tell how busy they are, the first is 127\.0\.0\.3: its page has no node_cpu/,
  );
  isDown = true;
  await look(value => value === undefined);
  isDown = false;
  await look(value => Math.round(value ?? 0) === 240);
  stop.abort();
});
