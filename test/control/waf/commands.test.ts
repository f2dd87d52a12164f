/** `moat waf` beside a running moat: from a refused request to an exclusion that spares it, and nothing else. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import type { WafEvent } from '#model/waf-event.ts';
import { freePorts, httpConf, startMoat, until } from '../../e2e/rig.ts';
import { startUpstream } from '../../e2e/upstream.ts';
import { request } from '../../e2e/wire.ts';

const MOAT = resolve(import.meta.dirname, '../../../bin/moat');
const SQL = encodeURIComponent("1' OR '1'='1");

test('a refused request is listed, explained, excluded and replayed', async () => {
  const [port = 0] = await freePorts(1);
  await using upstream = await startUpstream();
  const pass = `proxy_pass http://127.0.0.1:${upstream.port};`;
  await using moat = await startMoat(
    httpConf(
      `server { listen 127.0.0.1:${port}; waf block;\n location / {\n ${pass} }\n location /search {\n ${pass} } }`,
    ),
  );
  const waf = (...words: string[]): { status: number | null; out: string; err: string } => {
    const args = ['waf', ...words, '-p', `${moat.dir}/`, '-c', join(moat.dir, 'nginx.conf')];
    const { status, stdout, stderr } = spawnSync(MOAT, args, { encoding: 'utf8' });
    return { status, out: stdout, err: stderr };
  };
  const status = async (path: string): Promise<number> => (await request(port, { path })).status;
  assert.equal(await status(`/search?q=${SQL}`), 403);
  assert.equal(
    (
      await request(port, {
        path: '/login',
        method: 'POST',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded', Cookie: 'sid=s3cret' },
        body: `password=hunter2&c=%3Bcat+/etc/passwd`,
      })
    ).status,
    403,
  );
  let events: WafEvent[] = [];
  await until(() => {
    const { status, out } = waf('events', '--json');
    events = status === 0 ? JSON.parse(out) : [];
    return events.length === 2;
  }, 'two events');
  const [login, search] = events as [WafEvent, WafEvent];
  assert.equal(search.path, '/search');
  assert.doesNotMatch(JSON.stringify(login), /hunter2|s3cret/);
  assert.match(waf('explain', search.id.slice(0, 12)).out, /waf_exclude rule=3600 path=\/search param=q;/);
  const excluded = waf('exclude', search.id, '--write', '--json');
  assert.equal(excluded.status, 0, excluded.err);
  const { lines, changed } = JSON.parse(excluded.out);
  assert.deepEqual(lines, ['waf_exclude rule=3600 path=/search param=q;']);
  assert.deepEqual(
    changed.map((one: { before: string; after: string }) => [one.before, one.after]),
    [['block', 'pass']],
  );
  moat.signal('SIGHUP');
  await until(async () => (await status(`/search?q=${SQL}`)) === 200, 'the exclusion in force');
  assert.equal(await status(`/search?p=${SQL}`), 403);
  assert.equal(await status(`/?q=${SQL}`), 403);
  assert.match(waf('tune').out, /by this rule alone/);
  assert.equal(waf('explain', 'ffff').status, 1);
});

test('moat waf test judges a request that nobody sends, body and all', async () => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(
    httpConf(
      `server { listen 127.0.0.1:${port}; location / { waf block; root html; } location /off { root html; } }`,
    ),
  );
  const run = (...words: string[]) =>
    spawnSync(MOAT, ['waf', 'test', ...words, '-p', `${moat.dir}/`, '-c', join(moat.dir, 'nginx.conf')], {
      encoding: 'utf8',
    }).stdout;
  const origin = `http://127.0.0.1:${port}`;
  assert.match(
    run(`curl -d 'a=<script>alert(1)</script>' ${origin}/x`),
    /was refused in phase 2, status 403/,
  );
  assert.match(run(`GET ${origin}/x?a=hello`), /passed/);
  assert.match(run(`GET ${origin}/off`), /the WAF is off/);
});
