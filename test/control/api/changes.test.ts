/** Changes by the API: of what was seen, once, and written down. And what it reads and streams. */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { until } from '../../e2e/rig.ts';
import { CHANGE, type Rig, startApi } from './api-rig.ts';

const BANS = '/api/v1/waf/bans';
const SITE =
  'limit_ban_zone $binary_remote_addr zone=guests:1m; server { listen 127.0.0.1:PORT; location / { return 200 hello; } }';
const ban = (rig: Rig, token: string, key: string, headers = {}) =>
  rig.call(BANS, { method: 'POST', token, headers: { ...CHANGE, ...headers }, body: { key, lengthS: 600 } });

test('changes: need the tag of what was seen; one that is sent twice is done once; each is in the audit log', async () => {
  await using rig = await startApi(SITE);
  const [operator, admin] = [rig.token('operator'), rig.token('admin')];
  const body = { key: '192.0.2.1', lengthS: 600 };
  const bare = await rig.call(BANS, { method: 'POST', token: operator, body });
  assert.deepEqual([bare.status, bare.body.code], [428, 'precondition-required']);
  const seen = await rig.call(BANS, { token: operator });
  const tag = String(seen.headers['etag']);
  assert.equal((await ban(rig, operator, '192.0.2.1', { 'if-match': tag })).status, 201);
  assert.equal((await ban(rig, operator, '192.0.2.2', { 'if-match': tag })).status, 412);
  assert.equal((await ban(rig, operator, '192.0.2.2', { 'if-match': '"a", "b"' })).status, 412);

  const again = { 'idempotency-key': 'k1' };
  const [first, second] = [
    await ban(rig, operator, '192.0.2.3', again),
    await ban(rig, operator, '192.0.2.3', again),
  ];
  assert.deepEqual([first.status, second.status, second.headers['etag']], [201, 201, first.headers['etag']]);
  const other = await ban(rig, operator, '192.0.2.4', again);
  assert.deepEqual([other.status, other.body.code], [422, 'idempotency-key']);
  assert.equal((await ban(rig, admin, '192.0.2.4', again)).status, 201, 'the key of another token');
  const both = await Promise.all([
    ban(rig, operator, '192.0.2.5', { 'idempotency-key': 'k2' }),
    ban(rig, operator, '192.0.2.5', { 'idempotency-key': 'k2' }),
  ]);
  assert.ok(both.some(({ status }) => status === 201));
  assert.ok(both.every(({ status }) => status === 201 || status === 409));

  const page = await rig.call(`${BANS}?limit=3`, { token: operator });
  const rest = await rig.call(`${BANS}?limit=3&cursor=${page.body.next}`, { token: operator });
  const keys = [...page.body.items, ...rest.body.items].map(({ key }) => key);
  assert.deepEqual(keys, ['192.0.2.1', '192.0.2.3', '192.0.2.4', '192.0.2.5']);
  assert.equal(rest.body.next, undefined);
  assert.match(rig.command('waf', 'bans').stdout, /192\.0\.2\.3 /);

  const one = await rig.call(`${BANS}/guests/192.0.2.1`, { token: operator });
  const lift = { method: 'DELETE', token: operator, headers: { 'if-match': String(one.headers['etag']) } };
  assert.equal((await rig.call(`${BANS}/guests/192.0.2.1`, lift)).status, 204);
  assert.equal((await rig.call(`${BANS}/guests/192.0.2.1`, lift)).status, 404);

  assert.equal(rig.command('waf', 'bans', 'add', '192.0.2.9').status, 0);
  const socket = (await rig.call('/api/v1/audit?limit=1', { token: admin })).body;
  assert.deepEqual([socket.items[0].who, socket.items[0].what], ['socket', 'ban-order']);
  assert.match(socket.items[0].wish, /"key":"192\.0\.2\.9"/);

  const audit = await rig.call(`/api/v1/audit?limit=2&cursor=${socket.next}`, { token: admin });
  const [newest, before] = audit.body.items;
  assert.deepEqual(
    [newest.what, newest.wish, newest.before.key, newest.after, newest.from],
    ['unban', { zone: 'guests', key: '192.0.2.1' }, '192.0.2.1', null, '127.0.0.1'],
  );
  assert.match(newest.who, /^token operator-0 \([0-9a-f]{12}\)$/);
  assert.deepEqual([before.what, before.before, before.after[0].key], ['ban', [], '192.0.2.5']);
  const older = await rig.call(`/api/v1/audit?limit=100&cursor=${audit.body.next}`, { token: admin });
  assert.equal(older.body.items.length + 2, 7, 'five changes and two tokens');
  assert.equal(statSync(`${rig.state}/audit.jsonl`).mode & 0o777, 0o600);
});

test('tokens: are shown once, kept as hashes, end when they are revoked or their time is over, and outlive a restart of the API', async () => {
  await using rig = await startApi(SITE);
  const [kept, revoked] = [rig.token('viewer'), rig.token('viewer')];
  const short = rig.token('viewer', '--for', '1ms');
  assert.equal((await rig.call('/api/v1/status', { token: short })).status, 401, 'it has ended');
  assert.equal(statSync(`${rig.state}/tokens.json`).mode & 0o777, 0o600);
  const file = readFileSync(`${rig.state}/tokens.json`, 'utf8');
  for (const token of [kept, revoked]) assert.ok(!file.includes(token.split('_')[2]!));
  const stop = new AbortController();
  const stream = await fetch(`http://127.0.0.1:${rig.port}/api/v1/events`, {
    headers: { authorization: `Bearer ${revoked}` },
    signal: stop.signal,
  });
  const ended = stream.text();
  assert.equal(rig.command('token', 'revoke', 'viewer-1').stdout, 'viewer-1 is revoked\n');
  assert.match(await ended, /^id: 0\nevent: snapshot\ndata: \{"revision":1,/m);
  assert.equal((await rig.call('/api/v1/status', { token: revoked })).status, 401);
  assert.equal((await rig.call('/api/v1/status', { token: kept })).status, 200);
  const list = rig.command('token', 'list');
  assert.match(list.stdout, /^viewer-0 +viewer +all +[0-9a-f]{12} /m);
  assert.doesNotMatch(list.stdout, /viewer-1/);
  for (const [words, says] of [
    [['create', 'viewer-0'], /there is a token "viewer-0" already/],
    [['create', 'a b'], /a name is up to 64 letters/],
    [['create', 'x', '--role', 'root'], /--role "root" is not one of viewer, operator, admin/],
    [['create', 'x', '--scope', 'all'], /--scope "all" is not one of status, l4/],
    [['create', 'x', '--for', 'ever'], /--for "ever" is no time/],
    [['revoke', 'none'], /there is no token "none"/],
    [['list', '--role', 'admin'], /belong to create/],
  ] as const) {
    const { stderr, status } = rig.command('token', ...words);
    assert.match(stderr, says);
    assert.notEqual(status, 0);
  }
  rig.moat.reload(rig.conf(SITE, 'host a.example;'));
  const isServed = () =>
    rig.call('/api/v1/status', { token: kept, headers: { host: 'a.example' } }).then(
      ({ status }) => status === 200,
      () => false,
    );
  await until(isServed, 'the new block to be in force');
});

test('events: a snapshot, then what has changed as merge patches', async () => {
  await using rig = await startApi(SITE);
  const token = rig.token('viewer');
  const stop = new AbortController();
  const { body, headers } = await fetch(`http://127.0.0.1:${rig.port}/api/v1/events`, {
    headers: { authorization: `Bearer ${token}` },
    signal: stop.signal,
  });
  assert.equal(headers.get('content-type'), 'text/event-stream');
  let text = '';
  const reading = (async () => {
    for await (const piece of body!.pipeThrough(new TextDecoderStream())) text += piece;
  })().catch(() => {}); // it is broken off below
  await until(() => /event: snapshot\n/.test(text), 'the snapshot');
  const site = await fetch(`http://127.0.0.1:${rig.sitePort}/`);
  assert.equal(await site.text(), 'hello');
  await until(() => /^id: [1-9]\d*\nevent: delta\ndata: .*"requests":1\b/m.test(text), 'the request');
  const head = await rig.call('/api/v1/events', { token, method: 'HEAD' });
  assert.deepEqual([head.status, head.text], [200, '']);
  stop.abort();
  await reading;
});

test('config: the text in force without secrets, and the faults of another with their places', async () => {
  const secret = 'Correct-Horse-Battery';
  await using rig = await startApi(
    `${SITE} proxy_set_header Authorization "Basic ${secret}"; # f\xc3\xbcr\xfc`,
  );
  const token = rig.token('admin');
  const { body } = await rig.call('/api/v1/config', { token });
  assert.deepEqual([body.revision, body.texts.length], [1, 1]);
  assert.match(body.texts[0].text, /proxy_set_header Authorization \*\*\*; # für\ufffd$/m);
  assert.ok(!JSON.stringify(body).includes(secret));
  const check = (text: string) =>
    rig.call('/api/v1/config/validate', { method: 'POST', token, body: { text } });
  const sound = await check(rig.conf());
  assert.deepEqual([sound.body.sound, sound.body.diagnostics], [true, []]);
  assert.ok(!sound.text.includes(secret));
  const faulty = await check('events { }\nhttp {\n  servr { }\n  include /etc/shadow;\n}\n');
  assert.equal(faulty.body.sound, false);
  assert.deepEqual(
    faulty.body.diagnostics.map(({ code, line, column }: Record<string, unknown>) => [code, line, column]),
    [
      ['unknown-directive', 3, 3],
      ['cannot-read', 4, 11],
    ],
  );
  assert.match(faulty.body.diagnostics[1].message, /lies outside of/);
  assert.doesNotMatch(faulty.text, /root:/);
  const rules = await check(
    'events { }\nhttp { waf block; waf_rules /etc/shadow; server { listen 127.0.0.1:1; } }\n',
  );
  assert.doesNotMatch(rules.text, /root:|\$y\$/);
  assert.equal((await rig.call('/api/v1/status', { token })).body.revision, 1);
});
