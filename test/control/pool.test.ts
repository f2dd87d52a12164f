/** Members of pools by command line and API: drained, taken down, weighed, added, removed, in all workers at once; kept over reloads, deaths and restarts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { header } from '../e2e/message.ts';
import { until } from '../e2e/rig.ts';
import { response } from '../e2e/upstream.ts';
import { request } from '../e2e/wire.ts';
import { Servers } from '../l7/upstream/servers.ts';
import { CHANGE, type Rig, startApi } from './api/api-rig.ts';

const KEPT = '.nginx.conf.history/pool-orders.json';
const TWO_WORKERS = { args: ['-g', 'daemon off; worker_processes 2;'] };
const ASKED = 24;

const pool = (...lines: string[]) =>
  `upstream app { zone app 64k; sticky cookie who; ${lines.join('; ')}; }
   server { listen 127.0.0.1:PORT; location / { proxy_pass http://app; } }`;

/** How many of so many requests, each over a connection of its own and so by any worker, each server got. */
async function spread({ sitePort }: Rig, cookie?: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const headers = cookie === undefined ? {} : { Cookie: cookie };
  const bodies = await Promise.all(
    Array.from({ length: ASKED }, async () => (await request(sitePort, { headers })).body),
  );
  for (const body of bodies) counts[body] = (counts[body] ?? 0) + 1;
  return counts;
}

function order(rig: Rig, ...words: string[]): string {
  const { stdout, stderr, status } = rig.command('pool', ...words);
  assert.equal(status, 0, stderr);
  return stdout;
}

test('moat pool: a drained member keeps its sessions and gets no other, one that is down gets nothing; weights, additions and removals hold in all workers', async () => {
  await using servers = await Servers.start(3);
  const [a, b, c] = ['a', 'b', 'c'].map(letter => servers.at(letter)) as [string, string, string];
  await using rig = await startApi(pool(`server ${a}`, `server ${b}`), TWO_WORKERS);
  let cookie = '';
  while (cookie === '') {
    const answer = await request(rig.sitePort);
    if (answer.body === 'b') cookie = String(header(answer, 'set-cookie')).split(';')[0]!;
  }
  assert.equal(order(rig, 'drain', b), `${b} of app: drain\n`);
  assert.deepEqual(await spread(rig), { a: ASKED });
  assert.deepEqual(await spread(rig, cookie), { b: ASKED }, 'sessions that it has go on');
  assert.match(order(rig, 'list', 'app'), new RegExp(`${b} .* drain .* by command`));
  order(rig, 'down', b);
  assert.deepEqual(await spread(rig, cookie), { a: ASKED });
  order(rig, 'ready', b);
  assert.deepEqual(await spread(rig), { a: ASKED / 2, b: ASKED / 2 });
  order(rig, 'weight', '3', b, 'app');
  assert.deepEqual(await spread(rig), { a: ASKED / 4, b: (ASKED * 3) / 4 });
  order(rig, 'add', c, 'app', 'weight=4', 'max_fails=0');
  assert.deepEqual(await spread(rig), { a: ASKED / 8, b: (ASKED * 3) / 8, c: ASKED / 2 });
  order(rig, 'remove', a);
  order(rig, 'resume', b);
  assert.deepEqual(Object.keys(await spread(rig)).sort(), ['b', 'c']);

  const refused = (...words: string[]) => {
    const { stderr, status } = rig.command('pool', ...words);
    assert.notEqual(status, 0, words.join(' '));
    return stderr;
  };
  assert.match(refused('drain', a), /was removed: add it, or resume it/);
  assert.match(refused('drain', '127.0.0.1:7'), /no pool has a member 127\.0\.0\.1:7/);
  assert.match(refused('drain', b, 'else'), /there is no pool "else"/);
  assert.match(refused('add', '127.0.0.1:7', 'app', 'slow_start=1;'), /is none of weight=N/);
  assert.match(refused('add', '127.0.0.1:70000', 'app'), /70000 is not a port/);
  assert.match(refused('add', c, 'app'), /has .* already/);
  assert.match(refused('weight', '0', b), /is not a weight/);
  order(rig, 'remove', c);
  assert.match(refused('remove', b), /it is the last member of pool "app" that is no backup/);
});

test('moat pool: what was commanded outlives a reload, the death of the L7 process and a restart, and ends when its line says something new', async () => {
  await using servers = await Servers.start(3);
  const [a, b, c] = ['a', 'b', 'c'].map(letter => servers.at(letter)) as [string, string, string];
  const before = pool(`server ${a}`, `server ${b}`);
  let kept = '';
  {
    await using rig = await startApi(before);
    order(rig, 'down', a);
    order(rig, 'add', c, 'app');
    order(rig, 'drain', c);
    assert.deepEqual(await spread(rig), { b: ASKED });
    const log = () => rig.moat.read();
    rig.moat.reload(rig.conf(before.replace('64k', '128k')));
    await until(() => /configuration 2 is in force/.test(log()), 'the reload');
    assert.deepEqual(await spread(rig), { b: ASKED });
    kept = rig.moat.read(KEPT);
    const l7 = Number(/L7 process (\d+)/.exec(log())?.[1]);
    process.kill(l7, 'SIGKILL');
    await until(() => /the L7 process is started anew/.test(log()), 'another L7 process');
    assert.deepEqual(await spread(rig), { b: ASKED });
    rig.moat.reload(rig.conf(pool(`server ${a} weight=2`, `server ${b}`, `server ${c} down`)));
    await until(() => /configuration 3 is in force/.test(log()), 'lines that are new');
    assert.match(log(), /its line is new, what was commanded is over/);
    assert.deepEqual(Object.keys(await spread(rig)).sort(), ['a', 'b']);
    assert.equal(rig.moat.read(KEPT), '', 'nothing is left to keep');
  }
  await using again = await startApi(before, { files: { [KEPT]: kept } });
  assert.deepEqual(await spread(again), { b: ASKED });
  assert.match(again.command('pool', 'list').stdout, new RegExp(`${c} .* drain .* by command`));
  order(again, 'resume', a);
  assert.deepEqual(await spread(again), { a: ASKED / 2, b: ASKED / 2 });
  order(again, 'resume', c);
  order(again, 'remove', c);
  assert.equal(again.moat.read(KEPT), '');
});

test('moat pool: a file of orders that is broken is told of, and keeps nobody from starting', async () => {
  await using servers = await Servers.start(1);
  await using rig = await startApi(pool(`server ${servers.at('a')}`), {
    files: { [KEPT]: '[{"pool":"app"}]' },
  });
  assert.match(rig.moat.read(), /pool-orders\.json" cannot be read: it holds no list of orders/);
  assert.deepEqual(await spread(rig), { a: ASKED });
});

test('pools by API: one member is read, drained, weighed, removed and added, of what was seen, and all of it is in the audit log', async () => {
  await using servers = await Servers.start(2);
  const [a, b] = [servers.at('a'), servers.at('b')];
  await using rig = await startApi(pool(`server ${a}`, `server ${b} down`));
  const [token, admin] = [rig.token('operator', '--scope', 'l7'), rig.token('admin')];
  const members = '/api/v1/l7/pools/app/members';
  const path = (member: string) => `${members}/${encodeURIComponent(member)}`;
  const change = (method: string, at: string, body?: object, headers: object = CHANGE) =>
    rig.call(at, { method, token, headers: { ...headers }, body });

  const seen = await rig.call(path(b), { token });
  assert.deepEqual(
    [seen.body.state, seen.body.line, seen.body.command],
    ['down', { state: 'down', weight: 1 }, undefined],
  );
  const drained = await change('PATCH', path(b), { state: 'drain' });
  assert.deepEqual([drained.status, drained.body.code], [409, 'configured']);
  const tag = { 'if-match': String(seen.headers['etag']) };
  const ready = await change('PATCH', path(b), { state: 'ready', weight: 3 }, tag);
  assert.deepEqual(
    [ready.status, ready.body.state, ready.body.weight, ready.body.command],
    [200, 'up', 3, { state: 'ready', weight: 3 }],
  );
  assert.deepEqual(await spread(rig), { a: ASKED / 4, b: (ASKED * 3) / 4 });
  assert.equal((await change('PATCH', path(b), { weight: 4 }, tag)).status, 412, 'it is another one now');
  assert.equal((await change('PATCH', path(b), { weight: 0 })).status, 422);
  assert.equal((await change('PATCH', path(b), { weight: null })).body.command.weight, undefined);
  assert.equal((await change('PATCH', path('127.0.0.1:7'), { weight: 2 })).status, 404);

  assert.equal((await change('DELETE', path(a))).status, 204);
  assert.deepEqual(await spread(rig), { b: ASKED });
  const without = await rig.call('/api/v1/l7/pools/app', { token });
  assert.deepEqual(without.body.removed, [a]);
  const last = await change('DELETE', path(b));
  assert.deepEqual([last.status, last.body.code], [409, 'refused']);
  const back = await change('POST', members, { address: a });
  assert.deepEqual([back.status, back.body.removed], [201, []]);
  const more = await change('POST', members, {
    address: '127.0.0.1:9',
    weight: 2,
    state: 'drain',
    backup: true,
  });
  const added = more.body.members.find(({ name }: { name: string }) => name === '127.0.0.1:9');
  assert.deepEqual([added.weight, added.state, added.backup, added.line], [2, 'drain', true, undefined]);
  assert.equal((await change('POST', members, { address: 'a b' })).status, 409);
  assert.equal((await change('POST', members, { address: '127.0.0.1:8; }' })).status, 409);

  const { items } = (await rig.call('/api/v1/audit?limit=50', { token: admin })).body;
  const found = items.find(
    ({ what, wish }: { what: string; wish: { state?: string } }) =>
      what === 'pool-member' && wish.state === 'ready',
  );
  assert.deepEqual(
    [found.before.line.state, found.before.command, found.after.command],
    ['down', undefined, { state: 'ready', weight: 3 }],
  );
  assert.ok(items.some(({ what }: { what: string }) => what === 'pool-remove'));
  assert.ok(items.some(({ what }: { what: string }) => what === 'pool-add'));
});

test('sticky sessions by API: members have as many as were learned, and no name of one is told', async () => {
  await using servers = await Servers.start(2);
  const [a, b] = [servers.at('a'), servers.at('b')];
  for (const letter of ['a', 'b'])
    servers.behave(letter, () => {
      const head = response(200, letter);
      return head.replace('\r\n', `\r\nSet-Cookie: sid=secret-${letter}-${Math.random()}\r\n`);
    });
  await using rig = await startApi(
    `upstream app { zone app 64k; sticky learn create=$upstream_cookie_sid lookup=$cookie_sid zone=sessions:64k timeout=1h; server ${a}; server ${b} weight=3; }
     upstream other { zone other 64k; sticky cookie who; server ${a}; }
     server { listen 127.0.0.1:PORT; location / { proxy_pass http://app; } }`,
    TWO_WORKERS,
  );
  await spread(rig);
  const token = rig.token('viewer');
  const { text, body } = await rig.call('/api/v1/l7/sessions', { token });
  const [app, other] = body.items;
  assert.deepEqual([app.pool, app.kind, app.table.sessions, app.table.elsewhere], ['app', 'learn', ASKED, 0]);
  assert.deepEqual(app.table.members, [
    { name: a, sessions: ASKED / 4 },
    { name: b, sessions: (ASKED * 3) / 4 },
  ]);
  assert.deepEqual(other, { pool: 'other', kind: 'cookie' });
  assert.ok(!text.includes('secret'));
  order(rig, 'remove', a, 'app');
  const after = (await rig.call('/api/v1/l7/sessions', { token })).body.items[0];
  assert.deepEqual(
    [after.table.sessions, after.table.elsewhere],
    [ASKED, ASKED / 4],
    'of a member that left',
  );
});
