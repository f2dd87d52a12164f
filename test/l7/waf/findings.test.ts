/** What is refused without a rule is among the events: under the reference that the client was shown, with the reason. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import type { WafEvent } from '#model/waf-event.ts';
import { freePorts, httpConf, PROGRAMS, startMoat, until } from '../../e2e/rig.ts';
import { response, startUpstream } from '../../e2e/upstream.ts';
import { type Ask, request } from '../../e2e/wire.ts';

const UPLOAD =
  '--b\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\n\r\n\x7fELF\x02\x01\x01\r\n--b--\r\n';
const upload = (path: string) => ({
  path,
  method: 'POST',
  headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
  body: UPLOAD,
});
const foreign = (path: string) => ({
  path,
  method: 'POST',
  headers: { 'Sec-Fetch-Site': 'cross-site' },
});

test('csrf, uploads, bans and challenges are events with id and reason', async () => {
  const [port = 0] = await freePorts(1);
  await using upstream = await startUpstream(() => response(200, 'taken'));
  const pass = `proxy_pass http://127.0.0.1:${upstream.port};`;
  await using moat = await startMoat(
    httpConf(
      `limit_ban_zone $binary_remote_addr zone=bad:1m;
       server { listen 127.0.0.1:${port};
         location /csrf { waf_csrf block; ${pass} } location /csrf-detect { waf_csrf detect; ${pass} }
         location /up { waf block; waf_rules own.conf; waf_upload on; ${pass} }
         location /up-detect { waf detect; waf_rules own.conf; waf_upload on; ${pass} }
         location /challenge { challenge on strict; ${pass} }
         location /ban { limit_ban zone=bad events=404 count=1 within=1m ban=10m; root .; try_files /none =404; } }`,
      'worker_processes 1;',
    ),
    { files: { 'own.conf': 'SecAction "id:1,phase:1,pass,nolog"\n' } },
  );
  const references = new Map<string, string>();
  const ask = async (ask: Ask & { path: string }, status: number): Promise<void> => {
    const reply = await request(port, ask);
    assert.equal(reply.status, status, ask.path);
    const reference = /Reference: ([0-9a-f]{32})/.exec(reply.body)?.[1];
    if (reference !== undefined) references.set(ask.path, reference);
  };
  await ask(foreign('/csrf'), 403);
  await ask(foreign('/csrf-detect'), 200);
  await ask(upload('/up'), 403);
  await ask(upload('/up-detect'), 200);
  await ask({ path: '/challenge' }, 403);
  await ask({ path: '/ban' }, 404);
  await ask({ path: '/ban' }, 403);
  for (let times = 0; times < 20; times++) await ask({ path: '/ban/again' }, 403);

  const waf = (...words: string[]): string =>
    spawnSync(PROGRAMS.moat, ['waf', ...words, '-p', `${moat.dir}/`, '-c', join(moat.dir, 'nginx.conf')], {
      encoding: 'utf8',
    }).stdout;
  let events: WafEvent[] = [];
  await until(() => {
    events = JSON.parse(waf('events', '--json', '-n', '100') || '[]');
    return events.length >= 6;
  }, 'six events');
  const seen = events.map(({ path, action, source, reason, status }) => [
    path,
    action,
    source,
    status,
    reason,
  ]);
  const CSRF = 'cross-site request: sec-fetch-site "cross-site"';
  const FILE = 'the file "a.png" is a program for Linux';
  assert.deepEqual(seen.toReversed(), [
    ['/csrf', 'block', 'csrf', 403, CSRF],
    ['/csrf-detect', 'detect', 'csrf', 200, CSRF],
    ['/up', 'block', 'upload', 403, FILE],
    ['/up-detect', 'detect', 'upload', 200, FILE],
    [
      '/challenge',
      'block',
      'challenge',
      403,
      'it has no cookie of the challenge, and asks for no page that could be one',
    ],
    ['/ban', 'block', 'ban', 403, 'the client is banned by zone "bad"'],
  ]);
  for (const { path, id, action } of events) {
    if (action === 'block') assert.equal(references.get(path), id, path);
    assert.match(waf('explain', id), new RegExp(`^${id}`));
  }
  assert.match(waf('explain', references.get('/csrf')!), /csrf: cross-site request/);
  assert.match(waf('events'), /block .* POST \/csrf +csrf/);
});
