/** waf_upload with archives and with clamd, through a running moat. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePorts, httpConf, type Running, startMoat, until } from '../../e2e/rig.ts';
import { response, startUpstream, type Upstream } from '../../e2e/upstream.ts';
import { request } from '../../e2e/wire.ts';
import { zipFile } from './zip-file.ts';

const CLAMD = '/usr/sbin/clamd';
const VIRUS = 'moat-test-signature-7e1d';
const SLOW_MS = 120_000;

/** clamd with one signature of the test's own. */
async function startClamd(): Promise<AsyncDisposable & { readonly socket: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'moat-clamd-'));
  chmodSync(dir, 0o755);
  const socket = join(dir, 'clamd.sock');
  writeFileSync(join(dir, 'test.ndb'), `Moat.Test:0:*:${Buffer.from(VIRUS).toString('hex')}\n`);
  writeFileSync(
    join(dir, 'clamd.conf'),
    `DatabaseDirectory ${dir}\nLocalSocket ${socket}\nLocalSocketMode 666\nForeground yes\nStreamMaxLength 100K\n`,
  );
  const clamd = spawn(CLAMD, ['-c', join(dir, 'clamd.conf')], { stdio: 'ignore' });
  await until(() => existsSync(socket), 'clamd listens', SLOW_MS);
  return {
    socket,
    async [Symbol.asyncDispose]() {
      const ended = once(clamd, 'exit');
      clamd.kill('SIGKILL');
      await ended;
      rmSync(dir, { recursive: true });
    },
  };
}

async function site(
  places: string,
): Promise<AsyncDisposable & { port: number; moat: Running; upstream: Upstream }> {
  const [port = 0] = await freePorts(1);
  const upstream = await startUpstream(() => response(200, 'taken'));
  const moat = await startMoat(
    httpConf(
      `error_log error.log warn; waf block; waf_rules own.conf;
       server { listen 127.0.0.1:${port}; ${places.replaceAll('PASS', `proxy_pass http://127.0.0.1:${upstream.port};`)} }`,
      'worker_processes 1;',
    ),
    { files: { 'own.conf': 'SecAction "id:1,phase:1,pass,nolog"\n' } },
  );
  return {
    port,
    moat,
    upstream,
    async [Symbol.asyncDispose]() {
      await moat[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

async function send(port: number, path: string, filename: string, content: string): Promise<number> {
  const body = `--b\r\nContent-Disposition: form-data; name="f"; filename="${filename}"\r\n\r\n${content}\r\n--b--\r\n`;
  const headers = { 'Content-Type': 'multipart/form-data; boundary=b' };
  return (await request(port, { path, method: 'POST', headers, body })).status;
}

test('waf_upload opens archives; a refused one never reaches the server, an honest one does', async () => {
  await using it = await site(
    `location / { waf_upload unpacked=2m; PASS } location /refuse { waf_upload archives=refuse; PASS }
     location /pass { waf_upload archives=pass; PASS } location /detect { waf detect; waf_upload on; PASS }`,
  );
  const honest = zipFile([{ name: 'a.txt', data: 'hello' }]);
  const bomb = zipFile([{ name: 'a.txt', data: '0'.repeat(3 << 20) }]);
  assert.equal(await send(it.port, '/', 'a.zip', honest), 200);
  const before = it.upstream.requests.length;
  assert.equal(await send(it.port, '/', 'a.zip', bomb), 413);
  assert.equal(await send(it.port, '/refuse', 'a.zip', honest), 403);
  assert.equal(it.upstream.requests.length, before);
  assert.equal(await send(it.port, '/pass', 'a.zip', bomb), 200);
  assert.equal(await send(it.port, '/detect', 'a.zip', bomb), 200);
  assert.match(it.moat.read(), /upload would be refused: the file "a\.zip" becomes more than 100 times/);
  const both = await Promise.all(
    Array.from({ length: 12 }, (_, at) => send(it.port, '/', 'a.zip', at % 2 ? bomb : honest)),
  );
  assert.deepEqual(
    both,
    Array.from({ length: 12 }, (_, at) => (at % 2 ? 413 : 200)),
  );
});

test('waf_upload scan: what clamd knows is refused, in archives, too', {
  skip: existsSync(CLAMD) ? false : 'clamav-daemon is not installed',
}, async () => {
  await using clamd = await startClamd();
  await using it = await site(`location / { waf_upload scan=unix:${clamd.socket}; PASS }`);
  assert.equal(await send(it.port, '/', 'a.txt', 'honest text'), 200);
  const before = it.upstream.requests.length;
  assert.equal(await send(it.port, '/', 'a.txt', `text ${VIRUS} text`), 403);
  assert.equal(await send(it.port, '/', 'a.zip', zipFile([{ name: 'a.txt', data: `text ${VIRUS}` }])), 403);
  assert.match(it.moat.read(), /the file "a\.txt" holds "Moat\.Test\.UNOFFICIAL"/);
  assert.equal(await send(it.port, '/', 'a.txt', 'x'.repeat(200_000)), 500, 'longer than clamd takes');
  assert.equal(it.upstream.requests.length, before);
});

test('waf_upload scan: a scanner that is not there, says nothing or talks nonsense lets nothing pass, unless told so', async () => {
  const silent = createServer(socket => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
  const rude = createServer(socket => socket.on('error', () => {}).end('stream: MAYBE\0')).listen(
    0,
    '127.0.0.1',
  );
  await Promise.all([once(silent, 'listening'), once(rude, 'listening')]);
  const portOf = (server: typeof silent): number => (server.address() as { port: number }).port;
  try {
    const [gone = 0] = await freePorts(1);
    await using it = await site(
      `location /gone { waf_upload scan=127.0.0.1:${gone}; PASS }
       location /silent { waf_upload scan=127.0.0.1:${portOf(silent)} timeout=100ms; PASS }
       location /rude { waf_upload scan=127.0.0.1:${portOf(rude)}; PASS }
       location /open { waf_upload scan=127.0.0.1:${gone}; waf_on_fault pass; PASS }`,
    );
    for (const path of ['/gone', '/silent', '/rude'])
      assert.equal(await send(it.port, path, 'a.txt', 'x'), 500, path);
    assert.equal(it.upstream.requests.length, 0);
    assert.equal(await send(it.port, '/open', 'a.txt', 'x'), 200);
    assert.match(it.moat.read(), /ECONNREFUSED/);
    assert.match(it.moat.read(), /no answer within 100 ms/);
    assert.match(it.moat.read(), /stream: MAYBE/);
  } finally {
    silent.close();
    rude.close();
  }
});
