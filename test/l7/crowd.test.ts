/** worker_connections: what becomes of more connections than a worker may have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePorts, startMoat, until } from '../e2e/rig.ts';
import { request, Wire } from '../e2e/wire.ts';

const ASK = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const conf = (port: number, connections: number) => `pid rig.pid; error_log error.log warn;
events { worker_connections ${connections}; }
http { access_log off; server { listen 127.0.0.1:${port}; location / { return 200 "here"; } } }`;

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
  await using moat = await startMoat(conf(port, 4));
  const wires = await Promise.all(Array.from({ length: 4 }, () => Wire.dial(port)));
  for (const wire of wires) wire.send('GET / HTTP/1.1\r\n'); // half a head: busy
  await until(async () => {
    using wire = await Wire.dial(port);
    return (
      (await wire
        .send(ASK)
        .rest()
        .catch(() => '')) === ''
    ); // it may be reset
  }, 'a client to be turned away');
  assert.match(moat.read(), /\[alert\] \d+#1: 4 worker_connections are not enough\n/);
  moat.reload(conf(port, 40));
  await until(async () => (await request(port).catch(() => undefined))?.body === 'here', 'room');
  for (const wire of wires) assert.equal((await wire.send('Host: a\r\n\r\n').reply()).body, 'here');
  for (const wire of wires) wire[Symbol.dispose]();
});
