/** Servers that break the rules: 502 or 504 with the reason in the log, and never half an answer that passes as whole. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts, httpConf, type Running, startMoat, until } from '../e2e/rig.ts';
import { request, Wire } from '../e2e/wire.ts';

/** What the server does next, once it has read the head of a request. */
let behave: (socket: Socket, head: string) => void = socket => socket.destroy();
const server = createServer({ allowHalfOpen: true }, socket => {
  let head = '';
  socket.setNoDelay(true).setEncoding('latin1');
  socket.on('error', () => {});
  socket.on('end', () => socket.end());
  socket.on('data', text => {
    head += text;
    if (!head.includes('\r\n\r\n')) return;
    const whole = head;
    head = '';
    behave(socket, whole);
  });
});

const [port = 0, dead = 0] = await freePorts(2);
let moat: Running;

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  moat = await startMoat(
    httpConf(`server { listen 127.0.0.1:${port}; proxy_read_timeout 2s; proxy_send_timeout 300ms; client_max_body_size 0;
      location / { proxy_pass ${at}; }
      location /dead { proxy_pass http://127.0.0.1:${dead}/at; }
      location /unix { proxy_pass http://unix:/nowhere/sock:/at; }
      location /direct/ { proxy_pass ${at}; proxy_buffering off; proxy_request_buffering off; }
      location /upgrade { proxy_pass ${at}; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; } }`),
  );
});
after(async () => {
  await moat.stop();
  server.close();
});

const RESET = '<reset>';
const HEAD = 'HTTP/1.1 200 OK\r\nX-A: b\r\n';
const sends =
  (bytes: string, end: 'end' | 'stay' | 'reset' = 'end') =>
  (socket: Socket): void => {
    socket.write(bytes, 'latin1', () => {
      if (end === 'end') socket.end();
      else if (end === 'reset') socket.resetAndDestroy();
    });
  };

/** All that a client got until the connection ended; behind it RESET, where that was how it ended. */
async function taken(path: string, version = '1.1'): Promise<string> {
  using wire = await Wire.dial(port);
  let end = '';
  wire.socket.on('error', () => (end = RESET));
  wire.send(`GET ${path} HTTP/${version}\r\nHost: a\r\nConnection: close\r\n\r\n`);
  return (await wire.rest()) + end;
}

const isWhole = (answer: string): boolean => {
  const [head = '', body = ''] = answer.split(/\r\n\r\n(.*)/s);
  const length = /^Content-Length: (\d+)/m.exec(head)?.[1];
  if (length !== undefined) return body.length === Number(length);
  return /^Transfer-Encoding: chunked/m.test(head) && /(^|\r\n)0\r\n(.+\r\n)*\r\n$/.test(body);
};

const WHOLE: Readonly<Record<string, string>> = {
  'a length': `${HEAD}Content-Length: 10\r\n\r\n0123456789`,
  chunks: `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5;x=y\r\n56789\r\n0\r\nX-T: end\r\n\r\n`,
};

for (const [name, whole] of Object.entries(WHOLE)) {
  const headBytes = whole.indexOf('\r\n\r\n') + 4;
  for (const prefix of ['/', '/direct/']) {
    test(`an answer with ${name} that is cut after any byte never passes as whole (${prefix})`, async () => {
      for (let cut = 0; cut < whole.length; cut++) {
        behave = sends(whole.slice(0, cut));
        const answer = await taken(`${prefix}cut`);
        if (cut < headBytes) assert.match(answer, /^HTTP\/1\.1 502 /, `after ${cut} bytes`);
        else assert.ok(answer.startsWith('HTTP/1.1 200 ') && !isWhole(answer), `${cut}: ${answer}`);
      }
      behave = sends(whole);
      assert.ok(isWhole(await taken(`${prefix}whole`)));
    });
  }

  test(`an answer with ${name} that comes byte by byte is whole`, async () => {
    behave = async socket => {
      for (const byte of whole) {
        socket.write(byte);
        await new Promise<void>(done => setImmediate(done));
      }
    };
    const { status, body } = await request(port, { path: '/slowly' });
    assert.deepEqual([status, body], [200, '0123456789']);
  });
}

test('a cut shows to clients of HTTP/1.0 too, where only the end of the connection says that a body ends', async () => {
  behave = sends(`${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n`);
  assert.ok((await taken('/old', '1.0')).endsWith(RESET));
  behave = sends(`${HEAD}\r\n01234`);
  assert.match(await taken('/old', '1.0'), /01234$/);
  behave = sends(`${HEAD}\r\n01234`, 'reset');
  assert.ok(!isWhole(await taken('/reset')), 'a reset is no end');
});

/** Bytes of an answer, and what of the reason is in the log. */
const REFUSED: readonly (readonly [name: string, bytes: string, reason: RegExp])[] = [
  [
    'both lengths',
    `${HEAD}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    /at the same time/,
  ],
  ['two lengths', `${HEAD}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx`, /duplicate header line/],
  ['a negative length', `${HEAD}Content-Length: -1\r\n\r\n`, /invalid "Content-Length"/],
  ['a length with a sign', `${HEAD}Content-Length: +1\r\n\r\nx`, /invalid "Content-Length"/],
  ['a list of lengths', `${HEAD}Content-Length: 1, 1\r\n\r\nx`, /invalid "Content-Length"/],
  ['an enormous length', `${HEAD}Content-Length: 99999999999999999999\r\n\r\nx`, /invalid "Content-Length"/],
  ['an unknown coding', `${HEAD}Transfer-Encoding: gzip\r\n\r\n`, /unknown "Transfer-Encoding"/],
  [
    'chunked twice',
    `${HEAD}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`,
    /unknown "Transfer-Encoding"/,
  ],
  ['no status line', 'hello\r\n\r\n', /no valid HTTP/],
  ['HTTP/0.9', '<html>', /no valid HTTP|prematurely closed/],
  ['HTTP/2', 'HTTP/2 200\r\n\r\n', /no valid HTTP/],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', /no valid HTTP/],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n', /no valid HTTP/],
  ['NUL in a field', 'HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n', /control character/],
  ['a bare CR', 'HTTP/1.1 200 OK\r\nX: a\rY: b\r\n\r\n', /control character/],
  ['a field without colon', 'HTTP/1.1 200 OK\r\nX\r\n\r\n', /invalid header/],
  ['obs-fold', 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n', /invalid header/],
  ['a blank before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n01234', /invalid header name/],
  ['a field that never ends', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(10_000)}`, /too big header/],
  ['too many fields', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(10_000)}`, /too big header/],
  [
    'a megabyte of header',
    `HTTP/1.1 200 OK\r\n${`X: ${'y'.repeat(1000)}\r\n`.repeat(1000)}\r\n`,
    /too big header/,
  ],
  ['1xx without end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(5000), /too many interim/],
  ['1xx and nothing else', 'HTTP/1.1 102 Processing\r\n\r\n', /prematurely closed/],
  [
    '101 that nobody asked for',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n',
    /101 to a request without Upgrade/,
  ],
];

for (const [name, bytes, reason] of REFUSED) {
  test(`an answer is refused: ${name}`, async () => {
    behave = sends(bytes);
    const before = moat.read().length;
    assert.equal((await request(port, { path: '/refused' })).status, 502);
    assert.match(moat.read().slice(before), reason);
  });
}

/** Bodies whose framing breaks after the head went out. */
const BROKEN_CHUNKS: readonly (readonly [name: string, body: string])[] = [
  ['no number', 'x\r\n'],
  ['a size with a sign', '+5\r\n01234\r\n0\r\n\r\n'],
  ['a size with 0x', '0x5\r\n01234\r\n0\r\n\r\n'],
  ['a size too large', 'fffffffffffffffff\r\n'],
  ['data longer than its size', '5\r\n012345\r\n0\r\n\r\n'],
  ['data shorter than its size', '5\r\n0123\r\n0\r\n\r\n'],
  ['LF alone', '5\n01234\n0\n\n'],
  ['a blank after the size', '5 \r\n01234\r\n0\r\n\r\n'],
];

for (const [name, body] of BROKEN_CHUNKS) {
  test(`a chunked answer breaks off at the client: ${name}`, async () => {
    behave = sends(`${HEAD}Transfer-Encoding: chunked\r\n\r\n${body}`);
    const before = moat.read().length;
    const answer = await taken('/chunks');
    assert.ok(/^HTTP\/1\.1 (502|200) /.test(answer), answer);
    assert.ok(answer.startsWith('HTTP/1.1 502') || !isWhole(answer), answer);
    assert.match(moat.read().slice(before), /\[error\].* upstream sent .*while reading/);
  });
}

test('a server that says nothing, or not all, in time: 504, or a cut', async () => {
  behave = () => {};
  assert.equal((await request(port, { path: '/silent' })).status, 504);
  assert.match(moat.read(), /upstream timed out \(110: Connection timed out\) while reading response header/);
  behave = sends('HTTP/1.1 200 OK\r\nX-A', 'stay');
  assert.equal((await request(port, { path: '/silent' })).status, 504);
  behave = sends(`${HEAD}Content-Length: 10\r\n\r\n01234`, 'stay');
  assert.ok(!isWhole(await taken('/silent')));
  assert.match(moat.read(), /upstream timed out \(110: Connection timed out\) while reading upstream/);
});

/** What the log says of a failure, word for word as nginx has it. */
const TOLD: readonly (readonly [path: string, behave: (socket: Socket) => void, line: string])[] = [
  ['/dead', () => {}, `[error] connect() failed (111: Connection refused) while connecting to upstream`],
  [
    '/unix',
    () => {},
    '[error] connect() to unix:/nowhere/sock failed (2: No such file or directory) while connecting to upstream',
  ],
  [
    '/closed',
    socket => socket.end(),
    '[error] upstream prematurely closed connection while reading response header from upstream',
  ],
  [
    '/reset',
    socket => socket.resetAndDestroy(),
    '[error] recv() failed (104: Connection reset by peer) while reading response header from upstream',
  ],
  [
    '/twice',
    sends(`${HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`),
    '[error] upstream sent duplicate header line: "Content-Length: 2", previous value: "Content-Length: 1" while reading response header from upstream',
  ],
  [
    '/odd',
    sends('HTTP/1.1 200 OK\r\nX y\r\n\r\n'),
    '[error] upstream sent invalid header: "X y" while reading response header from upstream',
  ],
];

for (const [path, does, line] of TOLD) {
  test(`the log tells a failure as nginx does: ${path}`, async () => {
    behave = does;
    const headers = { Host: 'site.test', Referer: 'http://r/' };
    assert.equal((await request(port, { path: `${path}?q`, headers })).status, 502);
    const upstreamPort = (server.address() as AddressInfo).port;
    const asked = {
      '/dead': `http://127.0.0.1:${dead}/at?q`,
      '/unix': 'http://unix:/nowhere/sock:/at?q',
    }[path];
    const about = [
      `, client: 127.0.0.1, server: , request: "GET ${path}?q HTTP/1.1"`,
      `upstream: "${asked ?? `http://127.0.0.1:${upstreamPort}${path}?q`}", host: "site.test", referrer: "http://r/"`,
    ];
    const found = moat
      .read()
      .split('\n')
      .filter(logged => logged.includes(`${path}?q`))
      .map(logged => logged.replace(/^\S+ \S+ (\[\w+\]) \S+ \S+/, '$1'));
    assert.deepEqual(found, [line + about.join(', ')]);
  });
}

test('bodies where there are none: HEAD, 204, 304; nothing of them is taken for the next answer', async () => {
  const next = `${HEAD}Content-Length: 4\r\n\r\nnext`;
  for (const [method, bytes] of [
    ['HEAD', `${HEAD}Content-Length: 5\r\n\r\nHTTP/`],
    ['GET', `HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n01234`],
    ['GET', `HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n01234`],
    ['GET', `HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n0\r\n\r\n`],
    ['GET', `${HEAD}Content-Length: 5\r\n\r\n01234HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad`],
  ] as const) {
    behave = sends(bytes, 'stay');
    const { status, body } = await request(port, { path: '/bodiless', method });
    assert.ok(status < 400 && (body === '' || body === '01234'), `${method} ${bytes}: ${status} ${body}`);
    behave = sends(next, 'stay');
    assert.equal((await request(port, { path: '/next' })).body, 'next', bytes);
  }
});

test('kept connections that the server closes right after its answer cost no request', async () => {
  behave = sends(`${HEAD}Content-Length: 2\r\n\r\nok`);
  for (let n = 0; n < 200; n++) assert.equal((await request(port, { path: '/again' })).status, 200, `${n}`);
  let turn = 0;
  behave = socket => {
    if (turn++ % 2 === 0) socket.write(`${HEAD}Content-Length: 2\r\n\r\nok`);
    else socket.destroy();
  };
  for (let n = 0; n < 20; n++) assert.equal((await request(port, { path: '/raced' })).status, 200, `${n}`);
});

test('Upgrade that is refused: the answer is one as any other, and the connection goes on', async () => {
  behave = sends(`HTTP/1.1 426 Upgrade Required\r\nUpgrade: other\r\nContent-Length: 2\r\n\r\nno`, 'stay');
  using wire = await Wire.dial(port);
  const ask = 'GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
  for (let n = 0; n < 2; n++) {
    const { status, body } = await wire.send(ask).reply();
    assert.deepEqual([status, body], [426, 'no']);
  }
});

for (const prefix of ['/', '/direct/']) {
  test(`an answer before the request was read is passed on, and the connection is not used again (${prefix})`, async () => {
    const sockets = new Set<Socket>();
    behave = socket => {
      sockets.add(socket);
      socket.pause();
      socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig');
    };
    using wire = await Wire.dial(port);
    wire.send(`POST ${prefix}early HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n`);
    for (let n = 0; n < 80; n++) wire.send('x'.repeat(100_000));
    const { status, body } = await wire.reply('POST');
    assert.deepEqual([status, body], [413, 'big']);
    behave = socket => {
      assert.ok(!sockets.has(socket), 'the connection with half a request on it');
      socket.write(`${HEAD}Content-Length: 2\r\n\r\nok`);
    };
    assert.equal((await request(port, { path: '/after' })).body, 'ok');
    for (const socket of sockets) socket.destroy();
  });
}

for (const prefix of ['/', '/direct/']) {
  test(`a server that does not read the request: 504, told as nginx tells it (${prefix})`, async () => {
    behave = socket => socket.pause();
    using wire = await Wire.dial(port);
    wire.send(`POST ${prefix}deaf HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n`);
    for (let n = 0; n < 200; n++) wire.send('x'.repeat(100_000));
    assert.equal((await wire.reply('POST')).status, 504);
    const told = new RegExp(`timed out \\(110: [^)]+\\) while sending request to upstream.*${prefix}deaf`);
    assert.match(moat.read(), told);
  });
}

test('proxy_send_timeout is not for clients that are slow with their bodies', async () => {
  behave = socket => {
    socket.removeAllListeners('data');
    let body = '';
    socket.on('data', text => {
      body += text;
      if (body.endsWith('end')) socket.write(`${HEAD}Content-Length: 2\r\n\r\nok`);
    });
  };
  using wire = await Wire.dial(port);
  wire.send('POST /direct/slow HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n');
  for (const piece of ['a', 'b', 'c']) {
    await sleep(500);
    wire.send(piece);
  }
  wire.send('end');
  assert.equal((await wire.reply('POST')).status, 200);
});

test('nothing of all this left a connection or a request behind', async () => {
  await until(async () => {
    await sleep(10);
    return new Promise<boolean>(done => server.getConnections((_, count) => done(count <= 32)));
  }, 'connections to be closed');
});
