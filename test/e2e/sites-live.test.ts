/** What the example sites do over time: streams, tunnels, limits, servers that go away. Asked of nginx and of moat. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import type { Site } from './cases/case.ts';
import { STATIC_API } from './cases/static-api.ts';
import { WORKSPACE } from './cases/workspace.ts';
import { header } from './message.ts';
import { freePorts, type Program, until } from './rig.ts';
import { copySite, startBackends, startSite } from './site.ts';
import { type Answer, response } from './upstream.ts';
import { request, requestBytes, Wire } from './wire.ts';

const HOST = { Host: 'workspace.example' };

/** Starts the site with `program`; for `swap`, a port's server answers otherwise. */
async function running(program: Program, site: Site, swap: Readonly<Record<number, Answer>> = {}) {
  const stack = new AsyncDisposableStack();
  const copy = stack.use(copySite(site.folder));
  const backends = stack.use(await startBackends({ ...site, servers: { ...site.servers, ...swap } }));
  const started = stack.use(await startSite(program, site, copy.dir, backends));
  return {
    port: started.ports.get(8080)!,
    backends,
    started,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** A promise and the call that fulfils it. */
const gate = () => Promise.withResolvers<void>();

for (const program of ['nginx', 'moat'] as const) {
  test(`${program}: a WebSocket passes both ways until one side closes`, async () => {
    await using site = await running(program, WORKSPACE);
    using wire = await Wire.dial(site.port);
    wire.send(
      requestBytes({ path: '/socket', headers: { ...HOST, Upgrade: 'websocket', Connection: 'Upgrade' } }),
    );
    const reply = await wire.reply();
    assert.deepEqual(
      [reply.status, header(reply, 'upgrade'), header(reply, 'x-seen')],
      [101, 'websocket', 'ws'],
    );
    assert.equal(await wire.bytes(5), 'hello');
    assert.equal(await wire.send('\x81\x05first').bytes(12), 'echo \x81\x05first');
    assert.equal(await wire.send('\x00\xff').bytes(7), 'echo \x00\xff');
    assert.equal(await wire.end().rest(), '');
  });

  test(`${program}: bytes sent right behind an upgrade request reach the server`, async () => {
    await using site = await running(program, WORKSPACE);
    using wire = await Wire.dial(site.port);
    const ask = requestBytes({
      path: '/socket',
      headers: { ...HOST, Upgrade: 'websocket', Connection: 'Upgrade' },
    });
    await wire.send(`${ask}early`).reply();
    assert.equal(await wire.bytes(15), 'helloecho early');
  });

  test(`${program}: an event arrives before the next one is made`, async () => {
    const seen = gate();
    const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
    const events: Answer = async (_request, socket) => {
      socket.write(`${head}7\r\ndata: 1\r\n`);
      await seen.promise;
      return '7\r\ndata: 2\r\n0\r\n\r\n';
    };
    await using site = await running(program, WORKSPACE, { 3021: events });
    using wire = await Wire.dial(site.port);
    wire.send(requestBytes({ path: '/events/a', headers: HOST }));
    let got = '';
    while (!got.includes('data: 1')) got += await wire.bytes();
    assert.ok(!got.includes('data: 2'));
    seen.resolve();
    assert.match(await wire.rest(), /data: 2/);
  });

  test(`${program}: an unbuffered upload reaches the server before it is whole, a buffered one after`, async () => {
    const taken: Socket[] = [];
    let received = '';
    const server = createServer(socket => {
      taken.push(socket);
      socket.setEncoding('latin1').on('data', text => (received += text));
      socket.on('error', () => socket.destroy());
    });
    const [port = 0] = await freePorts(1);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const copy = copySite('workspace');
    const ports = new Map([...Object.keys(WORKSPACE.servers)].map(name => [Number(name), port]));
    const backends = { ports, stop: async () => {}, [Symbol.asyncDispose]: async () => {} };
    const started = await startSite(program, WORKSPACE, copy.dir, backends);
    try {
      using stream = await Wire.dial(started.ports.get(8080)!);
      stream.send(
        requestBytes({ method: 'POST', path: '/upload/a', headers: { ...HOST, 'Content-Length': '10' } }),
      );
      stream.send('first');
      await until(() => received.includes('first'), 'the first half');
      stream.send('again');
      await until(() => received.includes('firstagain'), 'the second half');
      taken[0]!.write(response(200, 'kept'));
      assert.equal((await stream.reply()).body, 'kept');
      using kept = await Wire.dial(started.ports.get(8080)!);
      kept.send(
        requestBytes({
          method: 'POST',
          path: '/upload/kept/a',
          headers: { ...HOST, 'Content-Length': '10' },
        }),
      );
      kept.send('third');
      assert.equal((await request(started.ports.get(8080)!, { path: '/about', headers: HOST })).status, 200);
      assert.ok(!received.includes('third'), 'nothing is sent on while the body is not whole');
      kept.send('final');
      await until(() => received.includes('thirdfinal'), 'the whole body');
      taken.at(-1)!.write(response(200, 'kept'));
      assert.equal((await kept.reply()).body, 'kept');
    } finally {
      await started[Symbol.asyncDispose]();
      copy[Symbol.dispose]();
      for (const socket of taken) socket.destroy();
      server.close();
    }
  });

  test(`${program}: 100 Continue comes before the body is sent`, async () => {
    await using site = await running(program, WORKSPACE);
    using wire = await Wire.dial(site.port);
    const fields = { ...HOST, Expect: '100-continue', 'Content-Length': '4' };
    wire.send(requestBytes({ method: 'POST', path: '/upload/kept/a', headers: fields }));
    assert.equal((await wire.message('response')).start, 'HTTP/1.1 100 Continue');
    const reply = await wire.send('body').reply();
    assert.deepEqual([reply.status, JSON.parse(reply.body).body], [200, 'body']);
  });

  test(`${program}: a device has one slow request at a time, another device its own`, async () => {
    const release = gate();
    let waiting = 0;
    const slow: Answer = async () => {
      waiting++;
      await release.promise;
      return response(200, 'at last');
    };
    await using site = await running(program, WORKSPACE, { 3021: slow });
    const ask = (device: string) =>
      request(site.port, { path: '/slow/a', headers: { ...HOST, 'X-Device': device } });
    const first = ask('a');
    await until(() => waiting === 1, 'the first to arrive');
    assert.equal((await ask('a')).status, 429);
    const other = ask('b');
    await until(() => waiting === 2, 'the other device to arrive');
    release.resolve();
    assert.deepEqual([(await first).body, (await other).body], ['at last', 'at last']);
    assert.equal((await ask('a')).status, 200);
  });

  test(`${program}: a client that leaves ends the request to the server`, async () => {
    const arrived = gate();
    const left = gate();
    const slow: Answer = async (_request, socket) => {
      socket.once('close', () => left.resolve());
      arrived.resolve();
      await left.promise;
      return undefined;
    };
    await using site = await running(program, WORKSPACE, { 3021: slow });
    const wire = await Wire.dial(site.port);
    wire.send(requestBytes({ path: '/program/x', headers: HOST }));
    await arrived.promise;
    wire[Symbol.dispose]();
    await left.promise;
  });

  test(`${program}: the backup answers when both servers are gone`, async () => {
    await using site = await running(program, STATIC_API);
    const ask = async () => {
      const reply = await request(site.port, { path: '/api/a', headers: { Host: 'shop.example' } });
      return [reply.status, header(reply, 'x-server')];
    };
    const turns = [await ask(), await ask(), await ask(), await ask()];
    assert.deepEqual(turns.map(([, server]) => server).sort(), ['one', 'one', 'two', 'two']);
    await site.backends.stop(3001);
    for (let turn = 0; turn < 4; turn++) assert.deepEqual(await ask(), [200, 'two']);
    await site.backends.stop(3002);
    for (let turn = 0; turn < 4; turn++) assert.deepEqual(await ask(), [200, 'spare']);
  });

  test(`${program}: connections to servers are kept and used again`, async () => {
    let connections = 0;
    const counted = new Set<Socket>();
    const answer: Answer = (_request, socket) => {
      if (!counted.has(socket)) connections++;
      counted.add(socket);
      return response(200, 'ok');
    };
    await using site = await running(program, WORKSPACE, { 3021: answer });
    for (let turn = 0; turn < 5; turn++) {
      assert.equal((await request(site.port, { path: '/program/x', headers: HOST })).body, 'ok');
    }
    assert.equal(connections, 1);
  });
}
