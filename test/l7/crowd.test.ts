/** worker_connections: what becomes of more connections than a worker may have. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { freePorts, startMoat, until } from '../e2e/rig.ts';
import { response, startUpstream } from '../e2e/upstream.ts';
import { request, Wire } from '../e2e/wire.ts';

const ASK = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const conf = (
  port: number,
  connections: number,
  content = 'return 200 "here";',
) => `pid rig.pid; error_log error.log warn;
events { worker_connections ${connections}; }
http { access_log off; server { listen 127.0.0.1:${port}; location / { ${content} } } }`;

test('worker_connections: a new client takes the place of one that waits, the oldest first', async () => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(conf(port, 8));
  const wires: Wire[] = [];
  for (let i = 0; i < 8; i++) {
    const wire = await Wire.dial(port);
    assert.equal((await wire.send(ASK).reply()).body, 'here');
    wires.push(wire);
  }
  for (let i = 0; i < 20; i++) assert.equal((await request(port)).body, 'here');
  assert.equal(await wires[0]!.rest(), '');
  assert.match(moat.read(), /\[warn\] \d+#1: worker_connections are not enough, reusing connections\n/);
  assert.doesNotMatch(moat.read(), /alert/);
  for (const wire of wires) wire[Symbol.dispose]();
});

test('worker_connections: where all are busy a client is turned away, and a reload may raise the number', async () => {
  const [port = 0] = await freePorts(1);
  const held: Socket[] = [];
  await using upstream = await startUpstream((_, socket) => void held.push(socket));
  const pass = `proxy_pass http://127.0.0.1:${upstream.port};`;
  await using moat = await startMoat(conf(port, 6, pass)); // three requests, each of a client and to a server
  const wires = await Promise.all(Array.from({ length: 3 }, () => Wire.dial(port)));
  for (const wire of wires) wire.send(ASK);
  await until(() => held.length === 3, 'the requests to arrive');
  using late = await Wire.dial(port);
  assert.equal(await late.rest().catch(() => ''), '');
  assert.match(moat.read(), /\[alert\] \d+#1: 6 worker_connections are not enough\n/);
  moat.reload(conf(port, 40));
  await until(async () => (await request(port).catch(() => undefined))?.body === 'here', 'room');
  for (const socket of held) socket.write(response(200, 'held'));
  for (const wire of wires) assert.equal((await wire.reply()).body, 'held');
  for (const wire of wires) wire[Symbol.dispose]();
});
