/** Every route of the API: who may, what it says, and that its description is of the same schemas. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROUTES } from '../../../control/api/route/table.ts';
import { ROLES } from '../../../control/api/token/token.ts';
import { until } from '../../e2e/rig.ts';
import { CHANGE, call, type Rig, startApi } from './api-rig.ts';
import { Browser } from './browser.ts';

const SITE =
  'limit_ban_zone $binary_remote_addr zone=guests:1m; upstream pool { zone pool 64k; server 127.0.0.1:9; } server { listen 127.0.0.1:PORT; location / { return 200 hello; } location /p { proxy_pass http://pool; } }';

const VALUES: Readonly<Record<string, string>> = {
  pool: 'pool',
  member: '127.0.0.1:9',
  zone: 'guests',
  key: '192.0.2.7',
  id: 'none',
  revision: '1',
};
const QUERIES: Readonly<Record<string, string>> = { '/api/v1/metrics/range': '?name=l7_up' };
const pathOf = (path: string) =>
  `${path}${QUERIES[path] ?? ''}`.replace(/\{(\w+)\}/g, (_, name: string) => VALUES[name] ?? 'nothing');

/** The status of a request that says nothing beside its token. */
async function statusOf(rig: Rig, method: string, path: string, token: string | undefined): Promise<number> {
  if (path !== '/api/v1/events') return (await rig.call(pathOf(path), { method, token })).status;
  const stop = new AbortController();
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const { status } = await fetch(`http://127.0.0.1:${rig.port}${path}`, { headers, signal: stop.signal });
  stop.abort();
  return status;
}

test('routes: each is refused to who is nobody, to every lesser role and to other scopes; no change without If-Match', async () => {
  await using rig = await startApi(SITE);
  const tokens = Object.fromEntries(ROLES.map(role => [role, rig.token(role)]));
  const confined = rig.token('admin', '--scope', 'l7');
  let walked = 0;
  for (const { method, path, role, scope, changes, needs } of ROUTES) {
    const what = `${method} ${path}`;
    if (role === 'public') {
      const status = await statusOf(rig, method, path, undefined);
      if (method === 'GET') assert.ok(status < 400, what);
      else assert.equal(status, 422, `${what} says nothing`);
      continue;
    }
    assert.equal(await statusOf(rig, method, path, undefined), 401, `${what} to nobody`);
    const bad = await statusOf(rig, method, path, `moat_${'0'.repeat(12)}_${'A'.repeat(43)}`);
    assert.ok(bad === 401 || bad === 429, `${what} by a bad token: ${bad}`);
    for (const one of ROLES) {
      const status = await statusOf(rig, method, path, tokens[one]);
      if (needs !== undefined) assert.equal(status, 403, `${what} to a token`);
      else if (ROLES.indexOf(one) < ROLES.indexOf(role)) assert.equal(status, 403, `${what} to ${one}`);
      else if (changes) assert.ok([422, 428].includes(status), `${what} to ${one}: ${status}`);
      else assert.ok(![401, 403, 429, 500].includes(status), `${what} to ${one}: ${status}`);
      walked++;
    }
    if (needs !== undefined) continue;
    const elsewhere = await statusOf(rig, method, path, confined);
    if (scope !== undefined && scope !== 'l7') assert.equal(elsewhere, 403, `${what} to another scope`);
    else assert.notEqual(elsewhere, 403, what);
  }
  assert.ok(walked > 60, `only ${walked} were walked`);
  assert.equal(
    (await rig.call('/api/v1/audit', { token: tokens['admin'] })).body.items.length,
    4,
    'only tokens were made',
  );
});

test('routes: sessions of each role may what it may; no change without the field that only their own page knows', async () => {
  await using rig = await startApi(SITE);
  const browsers = new Map<string, Browser>();
  for (const role of ROLES) browsers.set(role, await Browser.of(rig, role));
  let walked = 0;
  for (const { method, path, role, changes } of ROUTES) {
    if (role === 'public' || path === '/api/v1/events' || path === '/api/v1/logout') continue;
    for (const one of ROLES) {
      const what = `${method} ${path} to ${one}`;
      const browser = browsers.get(one)!;
      const { status, body } = await browser.call(pathOf(path), { method });
      if (ROLES.indexOf(one) < ROLES.indexOf(role))
        assert.deepEqual([status, body.code], [403, 'forbidden'], what);
      else if (changes) assert.ok([422, 428].includes(status), `${what}: ${status}`);
      else assert.ok(![401, 403, 429, 500].includes(status), `${what}: ${status}`);
      walked++;
      if (method === 'GET') continue;
      const forged = await rig.call(pathOf(path), { method, headers: { cookie: browser.cookie } });
      assert.deepEqual([forged.status, forged.body.code], [403, 'csrf'], what);
      if (path.startsWith('/api/v1/me/totp')) await browser.login(); // it goes on under another cookie
    }
  }
  assert.ok(walked > 100, `only ${walked} were walked`);
});

test('routes: what is said fits the schema that describes it', async () => {
  await using rig = await startApi(SITE);
  const token = rig.token('admin');
  await rig.call('/api/v1/waf/bans', { method: 'POST', token, headers: CHANGE, body: { key: '192.0.2.7' } });
  let fitting = 0;
  for (const { method, path, reply, role } of ROUTES) {
    if (method !== 'GET' || reply.meta()?.['contentType'] === 'text/event-stream') continue;
    const { status, body } = await rig.call(pathOf(path), role === 'public' ? {} : { token });
    if (status === 404 || status === 403) continue; // no l4, no cluster here
    assert.equal(status, 200, path);
    const { error } = reply.safeParse(body);
    assert.equal(error, undefined, `${path}: ${error?.message}`);
    fitting++;
  }
  assert.ok(fitting >= 11, `only ${fitting} answered`);
});

test('openapi: describes each route with its role, parameters and fields', async () => {
  await using rig = await startApi();
  const token = rig.token('viewer', '--scope', 'l4');
  const { status, body } = await rig.call('/api/v1/openapi.json', { token });
  assert.equal(status, 200);
  assert.equal(body.openapi, '3.1.0');
  const told = Object.entries<Record<string, { 'x-role': string }>>(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { 'x-role': role }]) => `${method.toUpperCase()} ${path} ${role}`),
  );
  assert.deepEqual(told.sort(), ROUTES.map(({ method, path, role }) => `${method} ${path} ${role}`).sort());
  const patch = body.paths['/api/v1/l4/services/{service}/reals/{real}'].patch;
  assert.deepEqual(
    patch.parameters.map(({ name, in: place, required }: Record<string, unknown>) => [name, place, required]),
    [
      ['service', 'path', true],
      ['real', 'path', true],
      ['If-Match', 'header', true],
      ['Idempotency-Key', 'header', false],
    ],
  );
  const { properties } = patch.requestBody.content['application/json'].schema;
  const [words, nothing] = properties.state.anyOf;
  assert.deepEqual([words.enum, nothing.type], [['ready', 'drain', 'disabled'], 'null']);
});

test('api: is not there without its block, comes with it, and goes with it', async () => {
  await using rig = await startApi();
  const token = rig.token('viewer');
  const without = rig.conf().replace(/api \{.*\}\n/, '');
  rig.moat.reload(without);
  const isThere = () =>
    call(rig.port, '/healthz').then(
      () => true,
      () => false,
    );
  await until(async () => !(await isThere()), 'the API to go');
  const { stderr, status } = rig.command('token', 'list');
  assert.match(stderr, /has no api block in force/);
  assert.equal(status, 1);
  rig.moat.reload(rig.conf());
  await until(isThere, 'the API to come');
  assert.equal((await rig.call('/api/v1/status', { token })).body.revision, 3);
});

test('api: a port that another program holds refuses the configuration, and nothing changes', async () => {
  await using other = await startApi();
  await using rig = await startApi();
  rig.moat.reload(rig.conf().replace(`127.0.0.1:${rig.port}`, `127.0.0.1:${other.sitePort}`));
  await until(() => rig.moat.read().includes('stays'), 'the refusal');
  assert.match(
    rig.moat.read(),
    /api: cannot listen on 127\.0\.0\.1 port \d+ \(98: address already in use\): the configuration in force stays/,
  );
  assert.equal((await rig.call('/readyz')).status, 200);
});
