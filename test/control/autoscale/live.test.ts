/** Autoscale at work: orders by script and webhook, and a whole moat that scales a pool by a script and its file. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { chmodSync, mkdtempDisposableSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { History } from '../../../control/api/history/history.ts';
import { RingFile } from '../../../control/api/history/ring-file.ts';
import { act, type ScaleDeed } from '../../../control/autoscale/act.ts';
import { Autoscaler } from '../../../control/autoscale/autoscaler.ts';
import { PROGRAMS, until } from '../../e2e/rig.ts';
import { response } from '../../e2e/upstream.ts';
import { request } from '../../e2e/wire.ts';
import { Servers } from '../../l7/upstream/servers.ts';
import { call, startApi } from '../api/api-rig.ts';
import { MODEL } from './days.ts';

const deed: ScaleDeed = {
  ...{ pool: 'app', from: 2, to: 5, load: 480.5, target: 100 },
  reason: 'load',
  measure: 'requests-per-second',
};
const never = new AbortController().signal;

function program(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

test('act: a script is run without a shell, with arguments and environment; how it ends is heard', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'scale-'));
  chmodSync(folder.path, 0o777); // who is root runs it as nobody
  const said = join(folder.path, 'said');
  const good = program(folder.path, 'good', `echo "$@" $MOAT_POOL $MOAT_REASON $MOAT_LOAD $HOME > ${said}`);
  await act({ kind: 'script', path: good }, { ...deed, pool: '$(id) ;x' }, never);
  assert.equal(readFileSync(said, 'utf8'), '$(id) ;x 2 5 $(id) ;x load 480.5\n');
  const bad = program(folder.path, 'bad', 'exit 3');
  await assert.rejects(act({ kind: 'script', path: bad }, deed, never), /bad" is not done: exit code 3$/);
  await assert.rejects(act({ kind: 'script', path: '/nowhere' }, deed, never), /cannot be run: ENOENT$/);
  const slow = program(folder.path, 'slow', 'sleep 600');
  const stop = new AbortController();
  const running = act({ kind: 'script', path: slow }, deed, stop.signal);
  setTimeout(() => stop.abort(), 50);
  await assert.rejects(running, /was ended by SIGKILL$/);
});

test('act: a webhook gets signed JSON; its refusal is told without its address', async () => {
  let status = 200;
  const got: { body: string; signature: unknown }[] = [];
  const server = createServer((asked, answer) => {
    let body = '';
    asked.on('data', piece => (body += piece));
    asked.on('end', () => {
      got.push({ body, signature: asked.headers['x-moat-signature'] });
      answer.writeHead(status, status === 302 ? { Location: '/else' } : {}).end();
    });
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook-secret`;
  const webhook = { kind: 'webhook', url, secret: 'a secret of many letters' } as const;
  await act(webhook, deed, never);
  const { host: _, ...told } = JSON.parse(got[0]!.body);
  assert.deepEqual(told, deed);
  const signature = createHmac('sha256', webhook.secret).update(got[0]!.body).digest('hex');
  assert.equal(got[0]!.signature, `sha256=${signature}`);
  for (status of [500, 302])
    await assert.rejects(
      act(webhook, deed, never),
      ({ message }: Error) => /webhook/.test(message) && !message.includes('hook-secret'),
    );
  assert.equal(got.length, 3);
  server.closeAllConnections();
  await new Promise(done => server.close(done));
  await assert.rejects(
    act(webhook, deed, never),
    /the webhook is not reached: (ECONNREFUSED|UND_ERR_SOCKET)$/,
  );
});

test('Autoscaler: what is not done is ordered again after a pause, and what is wanted is a curve', async () => {
  const orders: number[] = [];
  const lines: string[] = [];
  let fails = true;
  const scaler = new Autoscaler([{ ...MODEL, action: { kind: 'script', path: '/x' } }], {
    past: { curve: () => undefined },
    act: async (_, { to }) => {
      orders.push(to);
      if (fails) throw new Error('no room');
    },
    tell: (level, message) => lines.push(`${level} ${message}`),
    signal: never,
  });
  let nowS = 0;
  const run = async (seconds: number, perSecond: number) => {
    let values = new Map<string, number>();
    for (const endS = nowS + seconds; nowS < endS; nowS++) {
      values = new Map([
        ['pool_members{pool="app"}', 2],
        ['pool_requests_per_second{pool="app"}', perSecond],
      ]);
      scaler.judge(values, nowS * 1000);
      await new Promise(setImmediate);
    }
    return values.get('pool_members_wanted{pool="app"}');
  };
  assert.equal(await run(14, 900), 2, 'less than a quarter of a minute is chance');
  assert.equal(await run(2, 900), 9);
  assert.deepEqual(orders, [9]);
  await run(10, 900);
  assert.deepEqual(orders, [9, 9]);
  fails = false;
  await run(25, 900);
  assert.deepEqual(orders, [9, 9, 9]);
  assert.deepEqual(
    lines.map(line => line.replace(/^(\w+) .*?( is not done.*)?$/, '$1$2')),
    ['error is not done: no room', 'notice'],
  );
});

test('autoscale: a script that writes the file of discover scales a pool of a whole moat; moat autoscale simulate has what was recorded', async () => {
  await using servers = await Servers.start(2);
  using folder = mkdtempDisposableSync(join(tmpdir(), 'scale-'));
  chmodSync(folder.path, 0o777); // the script is run as nobody
  const list = join(folder.path, 'list');
  writeFileSync(list, `${servers.at('a')}\n`);
  chmodSync(list, 0o666);
  const script = program(folder.path, 'scale', `[ "$3" = 2 ] && echo ${servers.at('b')} >> ${list}`);
  const line = `autoscale requests_in_flight=2 min=1 max=2 out_cooldown=1h script=${script};`;
  await using rig = await startApi(
    `upstream app { discover file ${list}; ${line} } server { listen 127.0.0.1:PORT; location / { proxy_pass http://app; proxy_read_timeout 10m; } }`,
  );
  const held: (() => void)[] = [];
  servers.behave('a', () => new Promise(done => held.push(() => done(response(200, 'late')))));
  const waiting = Array.from({ length: 5 }, () => call(rig.sitePort, '/'));
  await until(
    () => /pool "app" from 1 to 2 members \(load; 5 requests in flight, 2 each\)/.test(rig.moat.read()),
    'an order',
    120_000,
  );
  servers.behave('a');
  for (const release of held) release();
  assert.deepEqual(new Set((await Promise.all(waiting)).map(({ text }) => text)), new Set(['late']));
  await until(async () => (await request(rig.sitePort)).body === 'b', 'the new member');
  assert.match(rig.command('autoscale', 'simulate', 'app').stderr, /nothing is recorded|cannot be read/);
  assert.match(rig.command('autoscale', 'simulate', 'web').stderr, /pool "web" has no autoscale/);

  // What a day of such a moat would have left behind.
  const nowS = Math.floor(Date.now() / 60_000) * 60;
  const file = new RingFile(openSync(join(folder.path, 'metrics.ring'), 'w+'));
  const history = new History(file, nowS, message => assert.fail(message));
  for (let minute = 120; minute >= 0; minute--)
    history.record(
      nowS - minute * 60,
      new Map([['pool_requests_in_flight{pool="app"}', minute > 60 ? 1 : 4]]),
    );
  history.close();
  writeFileSync(
    join(folder.path, 'nginx.conf'),
    `events { } api { state_path ${folder.path}; } http { upstream app { server 10.0.0.1; ${line} } }`,
  );
  const words = ['autoscale', 'simulate', 'app', '--since', '3h', '-c', join(folder.path, 'nginx.conf')];
  const simulated = spawnSync(PROGRAMS.moat, words, { encoding: 'utf8' });
  assert.equal(simulated.status, 0, simulated.stderr);
  assert.match(simulated.stdout, /1 orders for more, 0 for fewer, in 2\.0 hours/);
});
