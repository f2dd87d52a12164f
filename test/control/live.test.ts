/** Log level and firewall mode by command line and API: in all workers, kept over reload and restart, and over after their time. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../e2e/rig.ts';
import { request } from '../e2e/wire.ts';
import { CHANGE, type Rig, startApi } from './api/api-rig.ts';

const KEPT = '.nginx.conf.history/live.json';
const RULES = `SecRule ARGS "@rx onerror" "id:1001,phase:1,deny,status:403,msg:'Script in an argument'"\n`;
const SITE = `waf_rules rules.conf;
  server { listen 127.0.0.1:PORT; server_name one.test;
    location / { empty_gif; }
    location /guarded { waf block; empty_gif; location /guarded/inner { empty_gif; } }
  }
  server { listen 127.0.0.1:PORT; server_name two.test; location / { empty_gif; } location /caf\xc3\xa9 { waf block; empty_gif; } }`;
const FILES = { files: { 'rules.conf': RULES } };

const attack = async (rig: Rig, path: string, host = 'one.test') =>
  (await request(rig.sitePort, { path: `${path}?q=onerror`, headers: { Host: host } })).status;

function done(rig: Rig, ...words: string[]): string {
  const { stdout, stderr, status } = rig.command(...words);
  assert.equal(status, 0, stderr);
  return stdout;
}

test('moat waf mode: holds everywhere, at a server or in a location, over reload and restart, until it is taken back', async () => {
  let kept = '';
  {
    await using rig = await startApi(SITE, FILES);
    assert.deepEqual([await attack(rig, '/'), await attack(rig, '/guarded')], [200, 403]);
    assert.match(done(rig, 'waf', 'mode', 'block'), /WAF block/);
    assert.deepEqual([await attack(rig, '/'), await attack(rig, '/', 'two.test')], [403, 403]);
    done(rig, 'waf', 'mode', 'detect', '--server', 'one.test', '--location', '/guarded');
    assert.deepEqual([await attack(rig, '/'), await attack(rig, '/guarded')], [403, 200]);
    assert.equal(await attack(rig, '/guarded/inner'), 200, 'what stands in it is meant, too');
    done(rig, 'waf', 'mode', 'resume');
    assert.deepEqual([await attack(rig, '/'), await attack(rig, '/guarded')], [200, 200]);
    const shown = done(rig, 'waf', 'mode');
    assert.match(shown, /one\.test +\/guarded +detect +block/);
    assert.match(shown, /two\.test +\/café +block +block/);
    assert.match(
      rig.command('waf', 'mode', 'off', '--location', '/gone').stderr,
      /no location \/gone|there is no/,
    );
    const reloads = () => (rig.moat.read().match(/is in force in all workers/g) ?? []).length;
    const before = reloads();
    rig.moat.reload(rig.conf(SITE));
    await until(() => reloads() > before, 'the reload');
    assert.equal(await attack(rig, '/guarded'), 200);
    kept = rig.moat.read(KEPT);
  }
  await using again = await startApi(SITE, { files: { ...FILES.files, [KEPT]: kept } });
  assert.equal(await attack(again, '/guarded'), 200);
  assert.match(
    again.moat.read(),
    /WAF detect at server "one\.test" in location \/guarded by an earlier command/,
  );
  writeFileSync(join(again.moat.dir, 'rules.conf'), 'SecRule nonsense');
  const refused = again.command('waf', 'mode', 'block');
  assert.equal(refused.status, 1);
  assert.equal(await attack(again, '/'), 200, 'rules that are faulty change nothing');
  writeFileSync(join(again.moat.dir, 'rules.conf'), RULES);
  done(again, 'waf', 'mode', 'resume', '--server', 'one.test', '--location', '/guarded');
  assert.equal(await attack(again, '/guarded'), 403);
  assert.equal(again.moat.read(KEPT), '');
});

test('moat waf mode, moat log-level: end by themselves after their time', async () => {
  await using rig = await startApi(SITE, FILES);
  done(rig, 'waf', 'mode', 'off', '--for', '1s');
  done(rig, 'log-level', 'debug', '--for', '1s');
  await until(async () => (await attack(rig, '/guarded')) === 403, 'the end of its time');
  await until(() => done(rig, 'log-level') === 'notice\n', 'the end of the level');
  // What is over is told as over at once; that it is written a moment later shows on a busy machine.
  await until(() => rig.moat.read(KEPT) === '', 'nothing to be kept');
});

test('moat log-level: lines of that level and worse are written, by workers and by control', async () => {
  await using rig = await startApi('server { listen 127.0.0.1:PORT; location / { root /nonexistent; } }');
  const misses = () => (rig.moat.read().match(/\[error\].*nonexistent/g) ?? []).length;
  await request(rig.sitePort, { path: '/a' });
  await until(() => misses() === 1, 'the first line');
  done(rig, 'log-level', 'crit');
  await request(rig.sitePort, { path: '/b' });
  done(rig, 'log-level', 'error');
  await request(rig.sitePort, { path: '/c' });
  await until(() => misses() === 2, 'the third line');
  assert.ok(!rig.moat.read().includes('/b'), 'the second was not bad enough');
  assert.match(done(rig, 'log-level'), /^error by command; configured: notice/);
  assert.equal(rig.command('log-level', 'loud').status, 2);
});

test('log level and WAF mode by API: of what was seen, by operators, and in the audit log', async () => {
  await using rig = await startApi(SITE, FILES);
  const [token, viewer, admin] = [rig.token('operator'), rig.token('viewer'), rig.token('admin')];
  const put = (path: string, body: object, headers: object = CHANGE, by = token) =>
    rig.call(path, { method: 'PUT', token: by, headers: { ...headers }, body });
  const [modes, level] = ['/api/v1/waf/modes', '/api/v1/log-level'];
  const seen = await rig.call(modes, { token: viewer });
  assert.deepEqual(
    seen.body.items.find(({ location }: { location?: string }) => location === '/guarded'),
    { server: 'one.test', location: '/guarded', mode: 'block', configured: 'block' },
  );
  assert.equal((await put(modes, { mode: 'detect' }, CHANGE, viewer)).status, 403);
  const tag = { 'if-match': String(seen.headers['etag']) };
  assert.equal((await put(modes, { mode: 'detect' }, tag)).status, 200);
  assert.equal(await attack(rig, '/guarded'), 200);
  assert.equal((await put(modes, { mode: 'off' }, tag)).status, 412);
  const nowhere = await put(modes, { mode: 'off', server: 'none.test' });
  assert.deepEqual([nowhere.status, nowhere.body.code], [409, 'refused']);
  const now = (await rig.call(modes, { token: viewer })).body;
  assert.deepEqual(now.commanded, [{ mode: 'detect' }]);
  assert.equal((await put(modes, { mode: null })).status, 200);
  assert.equal(await attack(rig, '/guarded'), 403);

  assert.equal((await put(level, { level: 'info', forS: 3600 })).status, 200);
  const { body } = await rig.call(level, { token: viewer });
  assert.deepEqual([body.level, body.configured, body.commanded], ['info', 'notice', true]);
  assert.ok(body.untilMs > Date.now());
  assert.equal((await put(level, { level: 'loud' })).status, 422);
  const { items } = (await rig.call('/api/v1/audit', { token: admin })).body;
  const [found] = items.filter(({ what }: { what: string }) => what === 'log-level');
  assert.deepEqual(
    [found.wish.level, found.before.logLevel, found.after.logLevel.level],
    ['info', null, 'info'],
  );
  assert.equal(items.filter(({ what }: { what: string }) => what === 'waf-mode').length, 3);
});

test('POST /explain: tells where a request would come to, with what was commanded, and why one cannot be asked', async () => {
  await using rig = await startApi(
    `upstream app { zone app 64k; server 127.0.0.1:1; server 127.0.0.1:2; } ${SITE.replace('location / {', 'location /app { proxy_pass http://app; } location / {')}`,
    FILES,
  );
  const [token, viewer] = [rig.token('operator'), rig.token('viewer')];
  const ask = (body: object, by = token) => rig.call('/api/v1/explain', { method: 'POST', token: by, body });
  const url = `http://one.test:${rig.sitePort}`;
  const texts = async (body: object) =>
    (await ask(body)).body.steps.map(({ what, text }: { what: string; text: string }) => `${what} ${text}`);
  done(rig, 'pool', 'drain', '127.0.0.1:2');
  const found = await texts({ url: `${url}/app/x` });
  assert.ok(found.includes('content proxy_pass http://app'), found.join('\n'));
  assert.ok(found.includes('member 127.0.0.1:2 weight=1 drain'), found.join('\n'));
  const attacked = {
    url: `${url}/guarded?q=onerror`,
    headers: [{ name: 'X-Test', value: 'a' }],
    clientAddress: '192.0.2.1',
  };
  assert.ok((await texts(attacked)).includes('answer 403'));
  done(rig, 'waf', 'mode', 'off');
  assert.ok(!(await texts(attacked)).includes('answer 403'));
  const elsewhere = await ask({ url: 'http://one.test:1/' });
  assert.deepEqual([elsewhere.status, elsewhere.body.code], [422, 'no-way']);
  assert.match(elsewhere.body.detail, /nothing listens on port 1 without ssl/);
  assert.equal((await ask({ url: 'ftp://x/' })).status, 422);
  assert.equal((await ask({ url, headers: [{ name: 'a b', value: '' }] })).status, 422);
  assert.equal((await ask({ url }, viewer)).status, 403);
});
