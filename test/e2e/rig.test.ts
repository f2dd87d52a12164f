/** The rig itself, proved with nginx in moat's place. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { header, takeMessage } from './message.ts';
import { freePorts, httpConf, startNginx, until } from './rig.ts';
import { response, startUpstream } from './upstream.ts';
import { exchange, request, Wire } from './wire.ts';

const proxyTo = (listen: number, upstream: number, also = '') =>
  httpConf(
    `server { listen 127.0.0.1:${listen}; ${also} location / { proxy_pass http://127.0.0.1:${upstream}; } }`,
  );

test('rig: a proxied request reaches the programmed server and its answer comes back', async () => {
  const [port = 0] = await freePorts(1);
  await using upstream = await startUpstream(({ body }) => response(201, `got ${body}`, ['X-Seen: 1']));
  await using nginx = await startNginx(proxyTo(port, upstream.port));
  const reply = await request(port, { method: 'POST', path: '/a?b', body: 'hello' });
  assert.deepEqual([reply.status, reply.body, header(reply, 'x-seen')], [201, 'got hello', '1']);
  assert.deepEqual(
    upstream.requests.map(seen => [seen.method, seen.target, seen.body]),
    [['POST', '/a?b', 'hello']],
  );
  assert.ok(nginx.pid > 0);
});

test('rig: files are served, logs are read, and stop leaves nothing behind', async () => {
  const [port = 0] = await freePorts(1);
  const conf = httpConf(`server { listen 127.0.0.1:${port}; root site; access_log seen.log; }`);
  const nginx = await startNginx(conf, { files: { 'site/x.txt': 'caf\xe9' } });
  assert.equal((await request(port, { path: '/x.txt' })).body, 'caf\xe9');
  await until(() => nginx.read('seen.log').includes('GET /x.txt'), 'the log line');
  assert.equal((await request(port, { path: '/none' })).status, 404);
  assert.match(nginx.read(), /none" failed/);
  await nginx.stop();
  assert.equal(existsSync(nginx.dir), false);
});

test('rig: reload brings the new configuration', async () => {
  const [port = 0] = await freePorts(1);
  const conf = (text: string) => httpConf(`server { listen 127.0.0.1:${port}; return 200 ${text}; }`);
  await using nginx = await startNginx(conf('old'));
  assert.equal((await request(port)).body, 'old');
  nginx.reload(conf('new'));
  await until(async () => (await request(port)).body === 'new', 'the new configuration');
});

test('rig: a faulty configuration is told with its message', async () => {
  await assert.rejects(startNginx(httpConf('nonsense on;')), /unknown directive "nonsense"/);
});

test('rig: a program that dies during a test fails its stop', async () => {
  const [port = 0] = await freePorts(1);
  const nginx = await startNginx(httpConf(`server { listen 127.0.0.1:${port}; }`));
  nginx.signal('SIGTERM');
  await until(() => !existsSync(`/proc/${nginx.pid}`), 'its end');
  await assert.rejects(nginx.stop(), /died during the test/);
});

test('wire: pipelined answers are told apart, HEAD has no body, and raw bytes come as they are', async () => {
  const [port = 0] = await freePorts(1);
  await using _nginx = await startNginx(httpConf(`server { listen 127.0.0.1:${port}; return 200 four; }`));
  using wire = await Wire.dial(port);
  wire.send('HEAD /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  const head = await wire.reply('HEAD');
  assert.deepEqual([head.body, header(head, 'content-length')], ['', '4']);
  assert.equal((await wire.reply()).body, 'four');
  assert.equal(await wire.rest(), '');
  assert.match(await exchange(port, 'nonsense\r\n\r\n'), /400 Bad Request/);
});

test('message: chunks, trailers and a close-ended body are framed, broken ones refused', () => {
  const chunked =
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=1\r\nabc\r\n0\r\nT: 1\r\n\r\nnext';
  const taken = takeMessage(chunked, 'response', false);
  assert.deepEqual(
    [taken?.message.body, taken?.message.trailers, taken?.rest],
    ['abc', [['T', '1']], 'next'],
  );
  assert.equal(takeMessage('HTTP/1.0 200 OK\r\n\r\nab', 'response', false), undefined);
  assert.equal(takeMessage('HTTP/1.0 200 OK\r\n\r\nab', 'response', true)?.message.body, 'ab');
  assert.throws(() => takeMessage(chunked.replace('abc', 'abcd'), 'response', false), /overruns/);
  assert.throws(
    () => takeMessage('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab', 'response', true),
    /closed/,
  );
});
