/** HTTP/2 connections while moat reloads and stops, and what they hold of its memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frame, H2Wire, pseudo, wordOf } from '../../e2e/h2-wire.ts';
import { freePorts, httpConf, startMoat, until } from '../../e2e/rig.ts';
import { response, startUpstream } from '../../e2e/upstream.ts';

const HEADERS = 1;
const PING = 6;
const GOAWAY = 7;

test('h2 life: a reload closes no connection, and holds for the requests after it', async () => {
  const [port = 0] = await freePorts(1);
  const release = Promise.withResolvers<void>();
  await using upstream = await startUpstream(async () => {
    await release.promise;
    return response(200, 'old');
  });
  const conf = (text: string) =>
    httpConf(`http2 on; server { listen 127.0.0.1:${port};
      location / { return 200 "${text}"; } location /held { proxy_pass http://127.0.0.1:${upstream.port}; } }`);
  await using moat = await startMoat(conf('one'));
  await using wire = await H2Wire.dial(port);
  assert.equal((await wire.get('/')).body, 'one');
  const held = wire.open(pseudo('/held'));
  await until(() => upstream.requests.length === 1, 'the server to be asked');
  moat.reload(conf('two'));
  await until(async () => (await wire.get('/')).body === 'two', 'the new configuration');
  release.resolve();
  assert.equal((await wire.answer(held)).body, 'old');
  assert.deepEqual(
    wire.frames.filter(({ type }) => type === GOAWAY),
    [],
  );
});

test('h2 life: a stop warns, serves what is under way, says which was the last, and lets it end', async () => {
  const [port = 0] = await freePorts(1);
  const release = Promise.withResolvers<void>();
  await using upstream = await startUpstream(async () => {
    await release.promise;
    return response(200, 'late');
  });
  const moat = await startMoat(
    httpConf(
      `http2 on; server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${upstream.port}; } }`,
    ),
  );
  await using wire = await H2Wire.dial(port);
  await using idle = await H2Wire.dial(port);
  const held = wire.open(pseudo('/held'));
  await until(() => upstream.requests.length === 1, 'the server to be asked');
  const stopped = moat.stop();
  const { payload: farewell } = await wire.take(PING);
  assert.deepEqual(await wire.farewell(), { code: 0, last: 0x7fffffff });
  // A request that was under way when the warning came is served.
  const racing = wire.open(pseudo('/racing'));
  await until(() => upstream.requests.length === 2, 'the server to be asked again');
  wire.frame(PING, 1, 0, farewell);
  const goaways = () => wire.frames.filter(({ type }) => type === GOAWAY);
  await wire.until(() => goaways().length === 2, 'the last word');
  assert.deepEqual([wordOf(goaways()[1]!.payload), wordOf(goaways()[1]!.payload, 4)], [racing, 0]);
  const late = wire.open(pseudo('/late'));
  release.resolve();
  assert.equal((await wire.answer(held)).body, 'late');
  assert.equal((await wire.answer(racing)).body, 'late');
  await wire.until(() => wire.ended, 'the connection to end');
  assert.deepEqual(wire.on(late), []);
  await idle.until(() => idle.ended, 'the idle connection to end');
  assert.equal(wordOf(idle.frames.filter(({ type }) => type === GOAWAY).at(-1)!.payload), 0);
  wire.socket.destroy();
  idle.socket.destroy();
  await stopped;
});

test('h2 life: clients that take nothing hold little: answers wait where they come from', async () => {
  const [port = 0] = await freePorts(1);
  const PIECE = 'x'.repeat(1_000_000);
  let sent = 0;
  await using upstream = await startUpstream((_, socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    const more = () => {
      while (!socket.destroyed && socket.write(`f4240\r\n${PIECE}\r\n`)) sent++;
      sent++;
    };
    socket.on('drain', more);
    more();
    return undefined;
  });
  await using _ = await startMoat(
    httpConf(`http2 on; server { listen 127.0.0.1:${port};
      location / { proxy_pass http://127.0.0.1:${upstream.port}; proxy_buffering off; } }`),
  );
  // Narrow windows: the client's windows hold back. Wide ones, and a socket that is not read: the transport does.
  for (const narrow of [true, false]) {
    sent = 0;
    await using wire = await H2Wire.dial({ port, narrow });
    if (!narrow) wire.socket.pause();
    for (let count = 0; count < 4; count++) wire.open(pseudo('/'));
    let before = -1;
    await until(() => {
      const still = sent > 0 && sent === before;
      before = sent;
      return still;
    }, 'the server to wait');
    assert.ok(sent < 100, `${sent} MB were taken of the server`);
  }
});

test('h2 life: requests without end are not read on while their answers are not taken', async () => {
  const [port = 0] = await freePorts(1);
  await using _ = await startMoat(
    httpConf(
      `http2 on; keepalive_requests 1000000; send_timeout 1s; server { listen 127.0.0.1:${port}; add_header X-Long "${'y'.repeat(2000)}"; return 204; }`,
    ),
  );
  const wire = await H2Wire.dial(port);
  wire.socket.pause();
  let stream = 1;
  await until(
    () => {
      let out = '';
      for (let count = 0; count < 500; count++, stream += 2)
        out += frame(HEADERS, 5, stream, `\x82\x86\x84\x41\x01a`);
      wire.send(out);
      return wire.socket.writableLength > 4_000_000 || wire.socket.destroyed;
    },
    'the peer to stop reading',
    60_000,
  );
  // Nothing is taken for send_timeout: the connection is given up.
  await until(() => wire.socket.destroyed, 'the connection to be given up', 30_000);
  await using other = await H2Wire.dial(port);
  assert.equal((await other.get('/')).status, 204);
});
