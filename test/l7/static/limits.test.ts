/** How much and how long: bodies, kept connections, timeouts, ends of connections, rates. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { header } from '../../e2e/message.ts';
import { freePorts, httpConf, startMoat, until } from '../../e2e/rig.ts';
import { response, startUpstream } from '../../e2e/upstream.ts';
import { exchange, request, Wire } from '../../e2e/wire.ts';
import { type Ask, besideNginx } from '../beside-nginx.ts';

const FILES = { 'a.txt': 'file a' };

/** The framing of each answer that some bytes get, in one line each. */
async function framings(port: number, bytes: string): Promise<string[]> {
  const answers = await exchange(port, bytes);
  return answers
    .split(/(?=HTTP\/1\.1 \d{3} )/)
    .map(answer => [...answer.matchAll(/^(?:HTTP\/1\.1 (\d+)|(?:Connection|Keep-Alive): (.*)\r)/gm)])
    .map(lines => lines.map(([, status, value]) => status ?? value).join(' '));
}

test('limits: how long a connection is kept', async () => {
  await using pair = await besideNginx({
    files: FILES,
    http: `server { listen {port}; root {root}; keepalive_requests 3; keepalive_timeout 65 60s;
      location /none/ { alias {root}/; keepalive_timeout 0; }
      location /plain/ { alias {root}/; keepalive_timeout 10; }
      location /bad { return 400; } location /large { return 413; } location /fail { return 500; } location /gone { return 404; }
      location /body { return 200 x; } }`,
  });
  const get = (path: string, ...fields: string[]) =>
    `GET ${path} HTTP/1.1\r\n${['Host: a', ...fields].join('\r\n')}\r\n\r\n`;
  const old = (path: string, ...fields: string[]) =>
    `GET ${path} HTTP/1.0\r\n${['Host: a', ...fields].join('\r\n')}\r\n\r\n`;
  const conversations = [
    get('/a.txt').repeat(5),
    get('/a.txt', 'Connection: close'),
    get('/a.txt', 'Connection: Keep-Alive, close') + get('/a.txt'),
    old('/a.txt') + old('/a.txt'),
    old('/a.txt', 'Connection: keep-alive').repeat(4),
    get('/none/a.txt') + get('/a.txt'),
    get('/plain/a.txt') + get('/plain/a.txt', 'Connection: close'),
    ...['/bad', '/large', '/fail'].map(path => get(path) + get('/a.txt')),
    get('/gone') + get('/a.txt') + get('/a.txt'),
    `POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc${get('/a.txt', 'Connection: close')}`,
    `POST /a.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n${get('/a.txt', 'Connection: close')}`,
    `GET /a.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc${get('/a.txt', 'Connection: close')}`,
  ];
  for (const bytes of conversations)
    assert.deepEqual(await framings(pair.port.moat, bytes), await framings(pair.port.nginx, bytes), bytes);
});

test('limits: keepalive_time ends a connection with the answer after it', async () => {
  const [port = 0] = await freePorts(1);
  await using _moat = await startMoat(
    httpConf(`server { listen 127.0.0.1:${port}; keepalive_time 50ms; return 200 x; }`),
  );
  using wire = await Wire.dial(port);
  const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
  // Once it has answered, moat knows the connection, and its time runs.
  const first = await wire.send(get).reply();
  await sleep(60);
  const last = header(first, 'connection') === 'close' ? first : await wire.send(get).reply();
  assert.equal(header(last, 'connection'), 'close');
  assert.equal(await wire.rest(), '');
});

test('limits: client_max_body_size', async () => {
  await using upstream = await startUpstream(({ body }) => response(200, `got ${body.length}`));
  await using pair = await besideNginx({
    files: FILES,
    upstream: upstream.port,
    http: `client_max_body_size 10;
      server { listen {port}; root {root}; error_page 413 =200 /a.txt;
        location /page/ { proxy_pass http://{upstream}; proxy_http_version 1.1; }
        location /streamed/ { error_page 413 @none; proxy_pass http://{upstream}; proxy_request_buffering off; proxy_http_version 1.1; proxy_set_header Connection ""; }
        location /more/ { client_max_body_size 1k; proxy_pass http://{upstream}; }
        location /any/ { client_max_body_size 0; proxy_pass http://{upstream}; }
        location /named/ { error_page 413 @large; proxy_pass http://{upstream}; }
        location @large { return 200 "too large: $uri"; }
        location /text { error_page 404 /a.txt; return 200 text; } }`,
  });
  const sized = (path: string, bytes: number): Ask => [`POST ${path}`, `>${'x'.repeat(bytes)}`];
  await pair.compare(
    ['/page/', '/more/', '/any/', '/named/', '/text', '/a.txt'].flatMap(path =>
      [1, 10, 11, 1024, 1025, 20_000].map(bytes => sized(path, bytes)),
    ),
  );
  const chunked = (path: string, ...sizes: number[]): Ask => [
    `POST ${path}`,
    'Transfer-Encoding: chunked',
    `>${sizes.map(size => `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`).join('')}0\r\n\r\n`,
  ];
  // nginx looks at what came of the body once more for the page of a 413, and refuses that too.
  await pair.compare(
    ['/any/', '/named/'].flatMap(path => [
      chunked(path, 10),
      chunked(path, 5, 5),
      chunked(path, 5, 6),
      chunked(path, 1024, 1),
      chunked(path, 3000, 3000),
    ]),
  );
});

test('limits: a large body that is refused is read on, so that the answer arrives', async () => {
  const [port = 0] = await freePorts(1);
  await using _moat = await startMoat(
    httpConf(`server { listen 127.0.0.1:${port}; location /no { return 403; } client_max_body_size 1k; }`),
  );
  for (const [path, status] of [
    ['/', 413],
    ['/no', 413],
  ] as const) {
    using wire = await Wire.dial(port);
    wire.send(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n${'x'.repeat(4_000_000)}`);
    assert.equal((await wire.reply()).status, status);
    // The rest is taken as well: no reset breaks in while it is written.
    await new Promise(done => wire.socket.write('x'.repeat(4_000_000), done));
    assert.equal(await wire.rest(), '');
  }
});

test('limits: a chunked body that came with its head is refused where nobody wants it, too', async () => {
  const [port = 0] = await freePorts(1);
  await using _moat = await startMoat(
    httpConf(
      `server { listen 127.0.0.1:${port}; client_max_body_size 10; location / { return 200; }
        location /more { client_max_body_size 11; return 200; } }`,
    ),
  );
  const statusOf = async (path: string, bytes: number) => {
    const body = `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n0\r\n\r\n`;
    return (await request(port, { path, method: 'POST', headers: { 'Transfer-Encoding': 'chunked' }, body }))
      .status;
  };
  assert.deepEqual([await statusOf('/', 10), await statusOf('/', 11)], [200, 413]);
  assert.deepEqual([await statusOf('/more', 11), await statusOf('/more', 12)], [200, 413]);
});

test('limits: a client that is too slow with a head or a body gets 408', async () => {
  const [port = 0] = await freePorts(1);
  await using upstream = await startUpstream();
  await using moat = await startMoat(
    httpConf(
      `server { listen 127.0.0.1:${port}; client_header_timeout 100ms; client_body_timeout 100ms; keepalive_timeout 100ms;
        location /up { proxy_pass http://127.0.0.1:${upstream.port}; } location / { return 200 x; } }`,
      'error_log error.log info;',
    ),
  );
  assert.match(await exchange(port, 'GET / HTTP/1.1\r\nHo'), /^HTTP\/1\.1 408 /);
  assert.equal(await exchange(port, ''), '');
  const slowBody = 'POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc';
  assert.match(await exchange(port, slowBody), /^HTTP\/1\.1 408 /);
  assert.equal(upstream.requests.length, 0);
  using wire = await Wire.dial(port);
  assert.equal((await wire.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n').reply()).status, 200);
  assert.equal(await wire.rest(), '');
  using kept = await Wire.dial(port);
  assert.equal((await kept.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n').reply()).status, 200);
  assert.match(await kept.send('GET / HTTP/1.1\r\n').rest(), /^HTTP\/1\.1 408 /);
  assert.match(moat.read(), /no complete request in time/);
});

test('limits: a client that does not take a file is dropped after send_timeout, and the file is closed', async () => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(
    httpConf(
      `server { listen 127.0.0.1:${port}; root site; access_log access.log;
         location / { send_timeout 200ms; } location /patient/ { alias site/; } }`,
      'error_log error.log info;',
    ),
    { files: { 'site/big.bin': 'x'.repeat(30_000_000) } },
  );
  const client = connect(port, '127.0.0.1').pause();
  client.write('GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n');
  await until(() => moat.read().includes('client timed out'), 'the client to be dropped');
  await until(() => openFiles(moat.pid, 'big.bin') === 0, 'the file to be closed');
  client.destroy();
  // So it is when the client goes away in the middle.
  const other = connect(port, '127.0.0.1').pause();
  other.write('GET /patient/big.bin HTTP/1.1\r\nHost: a\r\n\r\n');
  await until(() => openFiles(moat.pid, 'big.bin') > 0, 'the file to be open');
  other.resetAndDestroy();
  await until(() => openFiles(moat.pid, 'big.bin') === 0, 'the file to be closed');
});

/** How many descriptors of a process and of its children are of a file. */
function openFiles(pid: number, name: string): number {
  const family = readdirSync('/proc').filter(entry => {
    if (!/^\d+$/.test(entry)) return false;
    if (Number(entry) === pid) return true;
    try {
      return new RegExp(`^PPid:\\s*${pid}$`, 'm').test(readFileSync(`/proc/${entry}/status`, 'latin1'));
    } catch {
      return false; // it ended meanwhile
    }
  });
  return family.flatMap(member => descriptors(member)).filter(path => path.endsWith(name)).length;
}

function descriptors(pid: string): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap(fd => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return []; // it was closed meanwhile
    }
  });
}

test('limits: reset_timedout_connection resets where 444 closes', async () => {
  const [port = 0] = await freePorts(1);
  const server = (name: string, reset: string) =>
    `server { listen 127.0.0.1:${port}; server_name ${name}; reset_timedout_connection ${reset}; return 444; }`;
  await using _moat = await startMoat(httpConf(`${server('soft', 'off')} ${server('hard', 'on')}`));
  const endOf = (host: string) =>
    new Promise<string>(done => {
      const client = connect(port, '127.0.0.1').resume();
      client.on('error', error => done('code' in error ? String(error.code) : error.message));
      client.on('end', () => done('end'));
      client.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    });
  assert.deepEqual([await endOf('soft'), await endOf('hard')], ['end', 'ECONNRESET']);
});

test('limits: limit_rate spreads an answer over the time that it needs', async () => {
  const [port = 0] = await freePorts(1);
  await using _moat = await startMoat(
    httpConf(`server { listen 127.0.0.1:${port}; root site; limit_rate 40k;
      location /after/ { alias site/; limit_rate_after 1m; }
      location /variable/ { alias site/; limit_rate $arg_rate; }
      location /set/ { alias site/; limit_rate 0; } }`),
    { files: { 'site/eighty': 'x'.repeat(80 * 1024) } },
  );
  const seconds = async (path: string) => {
    const before = performance.now();
    const answer = await exchange(port, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    assert.equal(answer.length - answer.indexOf('\r\n\r\n') - 4, 80 * 1024);
    return (performance.now() - before) / 1000;
  };
  const times = await Promise.all(['/eighty', '/variable/eighty?rate=40k'].map(seconds));
  // The first second's worth goes at once: a bound from below only, for a busy machine is never too quick.
  for (const time of times) assert.ok(time > 0.9, `${time} s`);
  for (const path of ['/after/eighty', '/set/eighty', '/variable/eighty?rate=x']) await seconds(path);
});

test('limits: keepalive_min_timeout holds idle connections while moat stops', async () => {
  const [port = 0] = await freePorts(1);
  const moat = await startMoat(
    httpConf(
      `server { listen 127.0.0.1:${port}; location /long { keepalive_min_timeout 30s; return 200 x; } location / { return 200 y; } }`,
    ),
  );
  const kept = await Wire.dial(port);
  const idle = await Wire.dial(port);
  assert.equal((await kept.send('GET /long HTTP/1.1\r\nHost: a\r\n\r\n').reply()).body, 'x');
  assert.equal((await idle.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n').reply()).body, 'y');
  const stopped = moat.stop();
  assert.equal(await idle.rest(), '');
  const last = await kept.send('GET /long HTTP/1.1\r\nHost: a\r\n\r\n').reply();
  assert.deepEqual([last.body, header(last, 'connection')], ['x', 'close']);
  await stopped;
});

test('limits: limit_except and internal', async () => {
  await using pair = await besideNginx({
    files: FILES,
    http: `server { listen {port}; root {root};
      location /get/ { alias {root}/; limit_except GET { proxy_pass http://127.0.0.1:1; } }
      location /post { limit_except POST PUT { proxy_pass http://127.0.0.1:1; } }
      location /in/ { internal; alias {root}/; location /in/nested/ { alias {root}/; } }
      location /via { try_files /none /in/a.txt; }
      location /page { error_page 404 /in/a.txt; } }`,
  });
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'BREW'];
  await pair.compare(
    ['/get/a.txt', '/post', '/in/a.txt', '/in/nested/a.txt', '/via', '/page'].flatMap(path =>
      methods.map((method): Ask => [`${method} ${path}`]),
    ),
  );
});

test('limits: client_body_in_file_only keeps a body in a file that has a name, for as long as it says', async () => {
  const [port = 0] = await freePorts(1);
  await using upstream = await startUpstream(message => response(200, header(message, 'x-file') ?? ''));
  await using moat = await startMoat(
    httpConf(`server { listen 127.0.0.1:${port}; client_body_temp_path bodies;
      proxy_set_header X-File "$request_body_file|$request_body";
      location /on { client_body_in_file_only on; proxy_pass http://127.0.0.1:${upstream.port}; }
      location /clean { client_body_in_file_only clean; proxy_pass http://127.0.0.1:${upstream.port}; }
      location /off { proxy_pass http://127.0.0.1:${upstream.port}; }
      location /large { client_body_buffer_size 4; proxy_pass http://127.0.0.1:${upstream.port}; } }`),
  );
  const post = async (path: string) => {
    using wire = await Wire.dial(port);
    const ask = `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nConnection: close\r\n\r\nabcdef`;
    return (await wire.send(ask).reply()).body.split('|');
  };
  const [kept = '', none] = await post('/on');
  assert.equal(readFileSync(kept, 'latin1'), 'abcdef');
  assert.ok(kept.startsWith(`${moat.dir}/bodies/`) && none === '');
  const [gone = ''] = await post('/clean');
  assert.ok(gone.startsWith(`${moat.dir}/bodies/`));
  await until(() => !existsSync(gone), 'the file to be removed');
  assert.deepEqual(await post('/off'), ['', 'abcdef']);
  assert.deepEqual(await post('/large'), ['', '']);
  assert.deepEqual(
    upstream.requests.map(({ body }) => body),
    ['abcdef', 'abcdef', 'abcdef', 'abcdef'],
  );
});
