/** What two moats know together: TLS sessions, sticky sessions and limits, through deaths, wrong keys and strangers. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { until } from '../../e2e/rig.ts';
import { response, startUpstream } from '../../e2e/upstream.ts';
import { request } from '../../e2e/wire.ts';
import { Authority } from '../authority.ts';
import { makeSessions, movedAt, startServers, stickyHttp } from './sessions.ts';
import {
  hasReceived,
  inStep,
  type Node,
  newNodes,
  nodeConf,
  orderBan,
  peersOf,
  type Stage,
  startNode,
  statusText,
  WAYS,
} from './two-moats.ts';

const ca = new Authority();
const own = ca.issue('own.test');
const folder = mkdtempSync(join(tmpdir(), 'sess-'));
after(() => {
  ca[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

const FILES = { 'own.crt': own.cert, 'own.key': own.key };
const tlsHttp = ({ port }: Node, more = '') =>
  `${more} server { listen 127.0.0.1:${port} ssl; server_name own.test; ssl_certificate own.crt; ssl_certificate_key own.key;
    location / { return 200 "$ssl_session_reused"; } }`;

/** openssl s_client, once. @returns whether the session was resumed */
function visit(port: number, args: readonly string[]): Promise<boolean> {
  return new Promise((done, fail) => {
    const child = spawn('openssl', [
      's_client',
      '-connect',
      `127.0.0.1:${port}`,
      '-servername',
      'own.test',
      ...args,
    ]);
    let text = '';
    child.stdout.on('data', bytes => (text += bytes));
    child.on('error', fail);
    child.on('close', () => done(/^Reused,/m.test(text)));
    child.stdin.on('error', () => {});
    child.stdin.write('GET / HTTP/1.1\r\nHost: own.test\r\nConnection: close\r\n\r\n');
  });
}

/** What must be so whatever the way. */
function testBoth(what: string, scenario: (stage: Stage) => Promise<void>): void {
  for (const [name, { skip, open }] of Object.entries(WAYS))
    test(`session store, ${name}: ${what}`, { skip }, async () => {
      await using stage = await open();
      await scenario(stage);
    });
}

for (const version of ['tls1_2', 'tls1_3'] as const)
  testBoth(`a TLS session of one moat is resumed by the other, both ways, ${version}`, async ({ conf }) => {
    const [a, b] = await newNodes();
    await using first = await startNode(conf(a, b, tlsHttp(a)), FILES);
    const early = join(folder, `early-${version}`);
    await using second = await startNode(conf(b, a, tlsHttp(b)), FILES);
    await inStep([first, second]);
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const file = join(folder, `${version}-${from.port}`);
      assert.equal(await visit(from.port, [`-${version}`, '-sess_out', file]), false);
      for (let round = 0; round < 4; round++)
        assert.equal(await visit(to.port, [`-${version}`, '-sess_in', file]), true, 'any worker');
    }
    assert.equal(await visit(b.port, [`-${version}`, '-sess_out', early]), false);
    assert.match(second.read(), /keys of session tickets are those of another node/);
    assert.doesNotMatch(first.read(), /keys of session tickets are those/);
  });

test('session store: tickets from before the moats met stay good', async () => {
  const [a, b] = await newNodes();
  await using _first = await startNode(nodeConf(a, b, tlsHttp(a)), FILES);
  // The port of its store is taken, so that it meets nobody until the ticket is drawn.
  const lonely = nodeConf(b, { ...a, storePort: 1 }, tlsHttp(b));
  await using second = await startNode(lonely, FILES);
  const file = join(folder, 'before');
  assert.equal(await visit(b.port, ['-tls1_3', '-sess_out', file]), false);
  second.reload(nodeConf(b, a, tlsHttp(b)));
  await until(() => second.read().includes('keys of session tickets are those of another node'));
  await inStep([second]);
  assert.equal(await visit(b.port, ['-tls1_3', '-sess_in', file]), true);
});

testBoth('sticky sessions keep their server on the other moat when theirs dies', async ({ conf }) => {
  await using servers = await startServers(5);
  const [a, b] = await newNodes();
  const first = await startNode(conf(a, b, stickyHttp(a, servers.ports)));
  const old = await makeSessions(a.port, 100);
  await using second = await startNode(conf(b, a, stickyHttp(b, servers.ports)));
  await inStep([first, second]); // the hundred came by the snapshot
  const young = await makeSessions(a.port, 100);
  await hasReceived(second, 200);
  process.kill(first.pid, 'SIGKILL');
  assert.equal(await movedAt(b.port, new Map([...old, ...young])), 0);
  await first.stop().catch(() => {}); // it has died, as was meant
  // It comes back with nothing, and learns all from the other one.
  await using again = await startNode(conf(a, b, stickyHttp(a, servers.ports)));
  await inStep([again, second]);
  assert.equal(await movedAt(a.port, new Map([...old, ...young])), 0);
});

testBoth('the latest use of a session counts', async ({ conf }) => {
  await using servers = await startServers(2);
  const [a, b] = await newNodes();
  const [one = 0, two = 0] = servers.ports;
  await using first = await startNode(conf(a, b, stickyHttp(a, [one, two])));
  await using second = await startNode(conf(b, a, stickyHttp(b, [one, two])));
  await inStep([first, second]);
  const sessions = await makeSessions(a.port, 20);
  await hasReceived(second, 20);
  // The second moat loses a server: its sessions move to the other one, and the first one follows.
  second.reload(conf(b, a, stickyHttp(b, [two])));
  const bereft = [...sessions.values()].filter(server => server === '0').length;
  assert.ok(bereft > 0);
  await until(async () => (await movedAt(b.port, sessions)) === bereft);
  await hasReceived(first, bereft);
  for (const [cookie] of sessions)
    assert.equal((await request(a.port, { headers: { Cookie: cookie } })).body, '1');
});

testBoth('limits count the requests to both, and what came before they met', async ({ conf }) => {
  await using server = await startUpstream();
  const [a, b] = await newNodes();
  // 1 request a minute after the burst: what is let through in this test is the burst alone.
  const http = ({ port }: Node) => `limit_req_zone $arg_k zone=one:1m rate=1r/m sync;
    server { listen 127.0.0.1:${port};
      location / { limit_req zone=one burst=19 nodelay; proxy_pass http://127.0.0.1:${server.port}; } }`;
  const ask = async (port: number, key: string) =>
    (await request(port, { path: `/?k=${key}` })).status === 200;
  await using first = await startNode(conf(a, b, http(a)));
  for (let n = 0; n < 10; n++) assert.equal(await ask(a.port, 'early'), true);
  await using second = await startNode(conf(b, a, http(b)));
  await inStep([first, second]);
  for (let n = 0; n < 10; n++) assert.equal(await ask(a.port, 'both'), true);
  await hasReceived(second, 2);
  for (const key of ['early', 'both']) {
    let passed = 0;
    for (let n = 0; n < 30; n++) if (await ask(b.port, key)) passed++;
    assert.ok(passed >= 9 && passed <= 12, `${key}: 10 of 20 have passed before, now ${passed}`);
  }
});

testBoth('a ban holds on both, and is lifted on both', async ({ conf }) => {
  await using server = await startUpstream(({ target }) => response(target.includes('bad') ? 401 : 200));
  const [a, b] = await newNodes();
  const http = ({ port }: Node) => `limit_ban_zone $arg_k zone=b:1m sync;
    server { listen 127.0.0.1:${port};
      location / { limit_ban zone=b events=401 count=3 within=1h ban=1h; proxy_pass http://127.0.0.1:${server.port}; } }`;
  const status = async (port: number, key: string) => (await request(port, { path: `/?k=${key}` })).status;
  await using first = await startNode(conf(a, b, http(a)));
  for (let n = 0; n < 3; n++) assert.equal(await status(a.port, 'early-bad'), 401);
  await using second = await startNode(conf(b, a, http(b)));
  await inStep([first, second]);
  for (let n = 0; n < 3; n++) assert.equal(await status(a.port, 'late-bad'), 401);
  for (const key of ['early-bad', 'late-bad']) {
    assert.equal(await status(a.port, key), 403);
    await until(async () => (await status(b.port, key)) === 403, `${key} to be banned there, too`);
  }
  assert.equal(await status(b.port, 'good'), 200);
  assert.equal(orderBan(second, 'remove', 'late-bad'), 0);
  await until(async () => (await status(a.port, 'late-bad')) === 401, 'the ban to be lifted');
  assert.equal(await status(b.port, 'late-bad'), 401);
  assert.equal(await status(a.port, 'early-bad'), 403);
});

test('session store: another key, rubbish and strangers are refused and counted; traffic goes on', async () => {
  const [a, b] = await newNodes();
  const http = ({ port }: Node) => `server { listen 127.0.0.1:${port}; location / { return 200 "ok"; } }`;
  await using first = await startNode(nodeConf(a, b, http(a)));
  await using second = await startNode(nodeConf(b, a, http(b), 'a key that only one of them has'));
  await until(async () => ((await peersOf(first))?.refused.key ?? 0) >= 2);
  assert.match(statusText(second), /! session store: .* is told nothing: the keys differ/);
  assert.match(statusText(first), /! session store: refused calls: \d+ \(key\)/);
  assert.equal(first.read().match(/is refused: it has another key/g)?.length, 1, 'told once');
  const rubbish = connect(a.storePort, '127.0.0.1');
  rubbish.on('error', () => {});
  rubbish.write('GET / HTTP/1.1\r\n\r\n');
  await until(async () => ((await peersOf(first))?.refused.rubbish ?? 0) >= 1);
  const stranger = connect({ port: a.storePort, host: '127.0.0.1', localAddress: '127.0.0.9' });
  stranger.on('error', () => {});
  await until(async () => ((await peersOf(first))?.refused.stranger ?? 0) >= 1);
  assert.equal((await request(a.port)).body, 'ok');
  for (const log of [first.read(), second.read()]) assert.doesNotMatch(log, /a key that/);
  second.reload(nodeConf(b, a, http(b)));
  await inStep([first, second]);
  assert.doesNotMatch(statusText(second), /^! /m);
});

test('session store: a peer that dies is told of once, and in the status until it is back', async () => {
  const [a, b] = await newNodes();
  const first = await startNode(nodeConf(a, b, ''));
  await using second = await startNode(nodeConf(b, a, ''));
  await inStep([first, second]);
  process.kill(first.pid, 'SIGKILL');
  await first.stop().catch(() => {}); // it has died, as was meant
  await until(() => /! session store: 127.0.0.1:\d+ is told nothing/.test(statusText(second)));
  await using again = await startNode(nodeConf(a, b, ''));
  await inStep([again, second]);
  assert.doesNotMatch(statusText(second), /^! /m);
  assert.equal(second.read().match(/cannot be told anything/g)?.length, 1, 'told once');
});

test('session store: a certificate does not get anybody in', async () => {
  const [a, b] = await newNodes();
  await using _first = await startNode(nodeConf(a, b, ''));
  const socket = connectTls({ host: '127.0.0.1', port: a.storePort, rejectUnauthorized: false });
  await assert.rejects(
    new Promise((done, fail) => {
      socket.once('secureConnect', done);
      socket.once('error', fail);
    }),
    /handshake failure|no shared cipher/i,
  );
});
