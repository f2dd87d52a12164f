/** redirect_balance: clients are sent to members by weight and health, and the log says where. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { header } from '../e2e/message.ts';
import { freePorts, httpConf, type Running, startMoat, until } from '../e2e/rig.ts';
import { response } from '../e2e/upstream.ts';
import { exchange, request } from '../e2e/wire.ts';
import { Servers } from './upstream/servers.ts';

const [port = 0] = await freePorts(1);
let servers: Servers;
let moat: Running;

before(async () => {
  servers = await Servers.start(3);
  moat = await startMoat(
    httpConf(`log_format to "$uri $status $upstream_addr";
      upstream mirrors { zone mirrors 64k; server ${servers.at('a')} weight=3; server ${servers.at('b')}; server ${servers.at('c')} backup; }
      upstream named { server localhost:443; }
      upstream gone { server ${servers.at('a')} down; }
      server { listen 127.0.0.1:${port}; access_log to.log to;
        location /files/ { redirect_balance mirrors scheme=http; health_check uri=/alive interval=100ms fails=1 passes=1; }
        location /other/ { redirect_balance mirrors scheme=http status=307 uri=/new$uri; }
        location /usual/ { redirect_balance named; }
        location /none/ { redirect_balance gone; error_page 502 = @none; }
        location @none { return 503 "come back"; } }`),
  );
});
after(async () => {
  await moat.stop();
  await servers[Symbol.asyncDispose]();
});

const locationOf = async (path: string) => {
  const reply = await request(port, { path });
  return `${reply.status} ${header(reply, 'location')}`;
};
/** How many of so many clients are sent to each server. */
async function shares(count: number): Promise<Record<string, number>> {
  const found: Record<string, number> = { a: 0, b: 0, c: 0 };
  for (let round = 0; round < count; round++) {
    const location = await locationOf('/files/x?y=%2F');
    const letter = ['a', 'b', 'c'].find(one => location === `302 http://${servers.at(one)}/files/x?y=%2F`);
    found[letter ?? location] = (found[letter ?? location] ?? 0) + 1;
  }
  return found;
}

test('redirect_balance: clients are spread by weight, with the path and the query as they came', async () => {
  assert.deepEqual(await shares(8), { a: 6, b: 2, c: 0 });
  await until(
    () => new RegExp(`^/files/x 302 ${servers.at('a')}$`, 'm').test(moat.read('to.log')),
    'the log',
  );
});

test('redirect_balance: another status, and another path', async () => {
  const places = [await locationOf('/other/z?q'), await locationOf('/other/z?q')];
  for (const place of places) assert.match(place, /^307 http:\/\/127\.0\.0\.1:\d+\/new\/other\/z$/);
});

test('redirect_balance: a member by its name, without the usual port', async () => {
  assert.equal(await locationOf('/usual/'), '302 https://localhost/usual/');
});

test('redirect_balance: a client that names a whole URL is sent to the member all the same', async () => {
  const bytes = await exchange(
    port,
    'GET http://evil.example/usual/@evil HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  );
  assert.match(bytes, /\r\nLocation: https:\/\/localhost\/[^\r]*\r\n/);
});

test('redirect_balance: members that fail their checks get nobody; then the backup; then the error page', async () => {
  servers.behave('a', () => response(500, 'ill'));
  await until(async () => (await shares(4)).a === 0, 'a to be out');
  assert.deepEqual(await shares(4), { a: 0, b: 4, c: 0 });
  servers.behave('b', () => response(500, 'ill'));
  await until(async () => (await shares(2)).c === 2, 'the backup');
  servers.behave('a');
  await until(async () => (await shares(2)).a === 2, 'a to be back');
  servers.behave('b');
  const { status, body } = await request(port, { path: '/none/' });
  assert.deepEqual([status, body], [503, 'come back']);
  assert.match(moat.read(), /no live upstreams while redirecting, upstream: "gone"/);
});
