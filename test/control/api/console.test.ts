/** The console's files: what they are answered with, and that no other file can be had. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { readConsole } from '../../../control/api/console/files.ts';
import { until } from '../../e2e/rig.ts';
import { Wire } from '../../e2e/wire.ts';
import { call, startApi } from './api-rig.ts';

const PAGE =
  '<!doctype html><meta name="csp-nonce" content="{{nonce}}"><script src="/assets/index-a1B2c3D4.js"></script>';

/** A console in a folder, with a secret beside it and a link to that. */
function folder() {
  const dir = mkdtempSync(join(tmpdir(), 'moat-console-'));
  const dist = join(dir, 'dist');
  mkdirSync(join(dist, 'assets'), { recursive: true });
  writeFileSync(join(dir, 'secret.txt'), 'the secret');
  writeFileSync(join(dist, 'index.html'), PAGE);
  writeFileSync(join(dist, 'assets/index-a1B2c3D4.js'), 'console.log(1);'.repeat(200));
  writeFileSync(join(dist, 'icon.svg'), '<svg/>');
  symlinkSync('../secret.txt', join(dist, 'link.txt'));
  return { dir, dist, [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}

test('console: pages, types, caches, and a policy that lets nothing in from elsewhere', async () => {
  using made = folder();
  await using rig = await startApi(undefined, { api: `console ${made.dist};` });
  const page = await rig.call('/');
  assert.equal(page.status, 200);
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  const csp = String(page.headers['content-security-policy']);
  const [, nonce = ''] = /style-src 'self' 'nonce-([\w+/=]{24})'/.exec(csp) ?? [];
  assert.ok(page.text.includes(`content="${nonce}"`), page.text);
  assert.match(csp, /^default-src 'none'; script-src 'self';.*frame-ancestors 'none'$/);
  assert.ok(!/unsafe|https?:|\*/.test(csp), csp);
  assert.equal(page.headers['cache-control'], 'no-store');
  assert.ok(!(await rig.call('/')).text.includes(nonce), 'a nonce is used twice');
  for (const path of ['/waf/events', '/setup', '/users/a%20b'])
    assert.equal(
      (await rig.call(path)).text.replace(/content="[^"]*"/, ''),
      page.text.replace(/content="[^"]*"/, ''),
      path,
    );
  const script = await rig.call('/assets/index-a1B2c3D4.js');
  assert.equal(script.headers['content-type'], 'text/javascript; charset=utf-8');
  assert.equal(script.headers['cache-control'], 'public, max-age=31536000, immutable');
  assert.equal(script.headers['x-content-type-options'], 'nosniff');
  const etag = String(script.headers['etag']);
  const same = await rig.call('/assets/index-a1B2c3D4.js', { headers: { 'if-none-match': etag } });
  assert.deepEqual([same.status, same.text], [304, '']);
  const head = await rig.call('/assets/index-a1B2c3D4.js', { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-length'], head.text], [200, '3000', '']);
  const packed = await fetch(`http://127.0.0.1:${rig.port}/assets/index-a1B2c3D4.js`, {
    headers: { 'accept-encoding': 'gzip' },
  });
  assert.equal(packed.headers.get('content-encoding'), 'gzip');
  assert.equal(await packed.text(), script.text);
  assert.notEqual(packed.headers.get('etag'), etag);
  assert.equal((await rig.call('/icon.svg')).headers['cache-control'], 'no-cache, private');
  const visit = {
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  };
  assert.equal(
    (await rig.call('/waf/events', { headers: visit })).status,
    200,
    'a link elsewhere leads nowhere',
  );
  assert.equal(
    (
      await rig.call('/icon.svg', {
        headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
      })
    ).status,
    403,
  );
  assert.equal((await rig.call('/api/v1/status', { headers: visit })).status, 403);
});

test('console: no path leads to another file, and what is the API stays the API', async () => {
  using made = folder();
  await using rig = await startApi(undefined, { api: `console ${made.dist};` });
  for (const path of [
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/link.txt',
    '//secret.txt',
    '/assets/',
    '/assets',
    '/missing.js',
    `/${made.dir}/secret.txt`,
  ]) {
    using wire = await Wire.dial(rig.port);
    const { body } = await wire
      .send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
      .reply();
    assert.ok(!body.includes('the secret'), path);
  }
  for (const path of ['/missing.js', '/link.txt', '/../secret.txt'])
    assert.equal((await rig.call(path)).status, 401, path);
  assert.equal((await rig.call('/', { method: 'POST', body: {} })).status, 401);
  assert.equal((await rig.call('/api')).status, 401);
  assert.equal((await rig.call('/api/v1/none')).status, 401);
  assert.equal((await rig.call('/healthz')).body.status, 'ok');
  assert.equal((await rig.call('/', { headers: { host: 'evil.example' } })).status, 421);
  rig.moat.reload(rig.conf(undefined, 'console off;'));
  await until(
    () =>
      call(rig.port, '/').then(
        ({ status }) => status === 401,
        () => false,
      ),
    'the console to go',
  );
});

test('console: a folder that is none is told, and programs are served all the same', async () => {
  await using rig = await startApi(undefined, { api: 'console /nowhere;' });
  assert.match(rig.moat.read(), /there is no console: ENOENT/);
  assert.equal((await rig.call('/healthz')).status, 200);
  assert.throws(() => readConsole(`/${'tmp/none'}`), /ENOENT/);
  assert.equal(gunzipSync(await await packedOf()).length, 3000);
});

async function packedOf(): Promise<Buffer> {
  using made = folder();
  return (
    (await readConsole(made.dist as `/${string}`)?.find(['assets', 'index-a1B2c3D4.js'])?.packed) ??
    Buffer.alloc(0)
  );
}
