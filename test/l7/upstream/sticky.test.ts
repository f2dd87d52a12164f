/** Sessions that stay with their member, through a running moat of two workers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { header } from '../../e2e/message.ts';
import { freePorts, httpConf, startMoat, until } from '../../e2e/rig.ts';
import { response } from '../../e2e/upstream.ts';
import { request } from '../../e2e/wire.ts';
import { hangUp, Servers } from './servers.ts';

const [port = 0, other = 0] = await freePorts(2);

const conf = (pool: string, http = '', listen = port) =>
  httpConf(
    `${http} upstream app { ${pool} } server { listen 127.0.0.1:${listen}; location / { proxy_pass http://app; } }`,
    'worker_processes 2;',
  );

const ask = (cookie = '', path = '/', at = port) =>
  request(at, { path, headers: cookie === '' ? {} : { Cookie: cookie } });

/** Asks until the member of that name answers; the cookie it came with. */
async function sessionWith(letter: string): Promise<string> {
  for (;;) {
    const reply = await ask();
    if (reply.body === letter) return header(reply, 'set-cookie')!.split(';')[0]!;
  }
}

const members = (servers: Servers, letters: string, marks: Record<string, string> = {}) =>
  [...letters].map(letter => `server ${servers.at(letter)} ${marks[letter] ?? ''};`).join(' ');

test('sticky cookie: a session stays with its member in all workers, and its cookie tells nothing', async () => {
  await using servers = await Servers.start(3);
  await using _moat = await startMoat(conf(`${members(servers, 'abc')} sticky cookie srv;`));
  const cookies = new Set<string>();
  for (const letter of 'abc') {
    const cookie = await sessionWith(letter);
    cookies.add(cookie);
    assert.match(cookie, /^srv=[\w-]{22}$/);
    for (let n = 0; n < 6; n++) {
      const reply = await ask(`x=1; ${cookie}; y=2`);
      assert.deepEqual([reply.body, header(reply, 'set-cookie')], [letter, cookie]);
    }
  }
  assert.equal(cookies.size, 3);
});

test('sticky cookie: made-up and broken cookies are as good as none', async () => {
  await using servers = await Servers.start(2);
  await using _moat = await startMoat(conf(`${members(servers, 'ab')} sticky cookie srv;`));
  const real = await sessionWith('a');
  const forged = [
    'srv=',
    `srv=${servers.at('a')}`,
    `${real}x`,
    real.slice(0, -1),
    `xsrv=${real.slice(4)}`,
    `SRV=${real.slice(4)}`,
  ];
  for (const cookie of forged) {
    const seen = new Set<string>();
    for (let n = 0; n < 4; n++) seen.add((await ask(cookie)).body);
    assert.equal(seen.size, 2, cookie);
  }
});

test('sticky cookie: attributes are written, and the strictest samesite stands for a bad one', async () => {
  await using servers = await Servers.start(1);
  const cookie = 'sticky cookie srv expires=1h domain=$arg_d path=/app httponly secure samesite=$arg_s;';
  await using _moat = await startMoat(conf(`${members(servers, 'a')} ${cookie}`));
  const set = async (path: string) =>
    header(await ask('', path), 'set-cookie')!
      .split('; ')
      .slice(1);
  const [expires, ...rest] = await set('/?d=.example.org&s=Lax');
  assert.match(expires!, /^Expires=\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/);
  assert.ok(Math.abs(Date.parse(expires!.slice(8)) - Date.now() - 3_600_000) < 60_000);
  assert.deepEqual(rest, [
    'Max-Age=3600',
    'Domain=.example.org',
    'HttpOnly',
    'Secure',
    'SameSite=Lax',
    'Path=/app',
  ]);
  assert.deepEqual((await set('/?s=odd')).slice(2), ['HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/app']);
});

test('sticky cookie: when the member fails the session moves, with a new cookie', async () => {
  await using servers = await Servers.start(2);
  await using _moat = await startMoat(conf(`${members(servers, 'ab')} sticky cookie srv;`));
  const cookie = await sessionWith('a');
  servers.behave('a', hangUp);
  const moved = await ask(cookie);
  assert.equal(moved.body, 'b');
  assert.notEqual(header(moved, 'set-cookie'), cookie);
});

test('sticky cookie: a draining member serves its sessions and gets no new ones', async () => {
  await using servers = await Servers.start(2);
  const pool = (marks: Record<string, string>) => `${members(servers, 'ab', marks)} sticky cookie srv;`;
  await using moat = await startMoat(conf(pool({})));
  const cookie = await sessionWith('a');
  moat.reload(conf(pool({ a: 'drain' })));
  await until(async () => {
    const fresh = await Promise.all(Array.from({ length: 8 }, async () => (await ask()).body));
    return !fresh.includes('a');
  }, 'new sessions to stay away');
  for (let n = 0; n < 6; n++) assert.equal((await ask(cookie)).body, 'a', 'its cookie outlives the reload');
});

test('sticky cookie: moats with one secret agree, with a second one above it too', async () => {
  await using servers = await Servers.start(3);
  const pool = `${members(servers, 'abc')} sticky cookie srv;`;
  await using _one = await startMoat(conf(pool, 'sticky_secret "the old secret of both";'));
  const secrets = 'sticky_secret file:key; sticky_secret "the old secret of both";';
  await using _two = await startMoat(conf(pool, secrets, other), {
    files: { key: 'a new and better secret\n' },
  });
  for (const letter of 'abc') {
    const old = await sessionWith(letter);
    const reply = await ask(old, '/', other);
    assert.equal(reply.body, letter);
    const renewed = header(reply, 'set-cookie')!;
    assert.notEqual(renewed, old);
    assert.equal((await ask(renewed, '/', other)).body, letter);
  }
});

test('sticky route: the first variable that is not empty names the member', async () => {
  await using servers = await Servers.start(3);
  const pool = `${members(servers, 'abc', { a: 'route=x', b: 'route=y' })} sticky route $cookie_route $arg_route;`;
  await using _moat = await startMoat(conf(pool));
  for (let n = 0; n < 4; n++) {
    assert.equal((await ask('route=x', '/?route=y')).body, 'a');
    assert.equal((await ask('route=', '/?route=y')).body, 'b');
  }
  const seen = new Set<string>();
  for (let n = 0; n < 6; n++) seen.add((await ask('route=z')).body);
  assert.equal(seen.size, 3);
});

for (const when of ['', 'header']) {
  test(`sticky learn ${when}: sessions that a member makes come back to it, in all workers and after a reload`, async () => {
    await using servers = await Servers.start(3);
    const pool = `${members(servers, 'abc')}
      sticky learn create=$upstream_cookie_sid lookup=$cookie_sid lookup=$arg_sid zone=sessions:1m ${when};`;
    await using moat = await startMoat(conf(pool));
    for (const letter of 'abc')
      servers.behave(letter, ({ target }) =>
        response(
          200,
          letter,
          target === '/login' ? [`Set-Cookie: sid=of-${letter}-${performance.now()}; Path=/`] : [],
        ),
      );
    const sessions = new Map<string, string>();
    while (sessions.size < 3) {
      const reply = await ask('', '/login');
      sessions.set(reply.body, header(reply, 'set-cookie')!.split(/[=;]/)[1]!);
    }
    const check = async () => {
      for (const [letter, sid] of sessions) {
        assert.equal((await ask(`sid=${sid}`)).body, letter);
        assert.equal((await ask('', `/?sid=${sid}`)).body, letter);
      }
    };
    for (let n = 0; n < 3; n++) await check();
    moat.reload(conf(pool, 'add_header X-New 1;'));
    await until(async () => header(await ask(), 'x-new') === '1', 'the reload');
    await check();
    servers.behave('a', hangUp);
    const moved = (await ask(`sid=${sessions.get('a')}`)).body;
    servers.behave('a');
    assert.notEqual(moved, 'a');
    assert.equal((await ask(`sid=${sessions.get('a')}`)).body, moved, 'the session has moved for good');
  });
}
