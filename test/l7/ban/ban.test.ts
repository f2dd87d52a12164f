/** limit_ban through a running moat with two workers. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { freePorts, httpConf, type Running, startMoat, until } from '../../e2e/rig.ts';
import { response, startUpstream, type Upstream } from '../../e2e/upstream.ts';
import { type Ask, request } from '../../e2e/wire.ts';

const MOAT = resolve(import.meta.dirname, '../../../bin/moat');

interface Site extends AsyncDisposable {
  readonly port: number;
  readonly moat: Running;
  readonly conf: (http: string, locations: string) => string;
  readonly upstream: Upstream;
  /** Asks as the client of that address, which comes by X-Real-IP. */
  status(path: string, client?: string, ask?: Ask): Promise<number>;
  bans(...words: string[]): { status: number | null; stdout: string; stderr: string };
}

const LOG = `log_format ban '$remote_addr $status $limit_ban_status'; access_log ban.log ban;`;

async function site(http: string, locations: string): Promise<Site> {
  const [port = 0] = await freePorts(1);
  const upstream = await startUpstream(({ target }) => {
    const [, status = '200'] = /^\/(\d{3})/.exec(target) ?? [];
    return response(Number(status), 'ok', target.startsWith('/302') ? ['Location: /login?failed=1'] : []);
  });
  const conf = (http: string, locations: string) =>
    httpConf(
      `${LOG} set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP; ${http}
       server { listen 127.0.0.1:${port}; ${locations.replaceAll('PASS', `proxy_pass http://127.0.0.1:${upstream.port};`)} }`,
      'worker_processes 2; error_log error.log info;',
    );
  const moat = await startMoat(conf(http, locations));
  return {
    port,
    moat,
    conf,
    upstream,
    async status(path, client = '192.0.2.1', ask = {}) {
      const headers = { 'X-Real-IP': client, ...ask.headers };
      return (await request(port, { ...ask, path, headers })).status;
    },
    bans(...words) {
      const args = ['waf', 'bans', ...words, '-p', `${moat.dir}/`, '-c', join(moat.dir, 'nginx.conf')];
      return spawnSync(MOAT, args, { encoding: 'utf8' });
    },
    async [Symbol.asyncDispose]() {
      await moat[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

const ZONE = 'limit_ban_zone $binary_remote_addr zone=bans:1m';
const RULE = 'limit_ban zone=bans events=401,waf count=5 within=1m ban=10m;';

test('limit_ban: the fifth event bans, whichever worker saw the others; nobody else is hit', async () => {
  await using at = await site(`${ZONE}; ${RULE}`, 'location / { PASS }');
  const first = await Promise.all(Array.from({ length: 4 }, () => at.status('/401')));
  assert.deepEqual(first, [401, 401, 401, 401]);
  assert.equal(await at.status('/200'), 200, 'four are not enough');
  assert.equal(await at.status('/401'), 401);
  assert.equal(await at.status('/200'), 403);
  assert.equal(await at.status('/200', '192.0.2.2'), 200);
  const seen = at.upstream.requests.length;
  assert.equal(await at.status('/200'), 403);
  assert.equal(at.upstream.requests.length, seen, 'the server sees nothing of who is banned');
  await until(() => /192\.0\.2\.1 403 REJECTED\n/.test(at.moat.read('ban.log')));
  assert.match(at.moat.read('ban.log'), /192\.0\.2\.1 401 BANNED\n/);
  assert.match(
    at.moat.read(),
    /\[error\].* banning "192\.0\.2\.1" for 600 s by zone "bans": 5 events within 60 s, the last one status 401/,
  );
});

test('limit_ban: forty events at once lead to one ban', async () => {
  await using at = await site(`${ZONE}; ${RULE}`, 'location / { PASS }');
  await Promise.all(Array.from({ length: 40 }, () => at.status('/401')));
  assert.equal(await at.status('/200'), 403);
  await until(() => at.moat.read().includes('banning'));
  assert.equal(at.moat.read().match(/banning/g)?.length, 1);
  const [zone] = JSON.parse(at.bans('list', '--json').stdout);
  assert.equal(zone.bans[0].times, 1);
});

test('limit_ban: attacks that the firewall refuses are events, the status of refusals is a choice', async () => {
  await using at = await site(
    `${ZONE}; ${RULE} waf block; limit_ban_status 429;`,
    'location / { PASS } location /silent { limit_ban zone=bans events=404 count=1 within=1m ban=1m; limit_ban_status 444; PASS }',
  );
  for (let n = 0; n < 5; n++) assert.equal(await at.status("/?q=1'%20OR%20'1'='1"), 403);
  assert.equal(await at.status('/200'), 429);
  await assert.rejects(at.status('/silent'), /closed without an answer/);
  assert.match(at.moat.read(), /the last one waf/);
});

test('limit_ban: passwords tried on one name by many clients, in forms and JSON', async () => {
  await using at = await site(
    `limit_ban_zone $waf_arg_user zone=names:1m; waf detect;
     limit_ban zone=names events=401 count=4 within=1m ban=10m; limit_ban_status 429;`,
    'location / { PASS }',
  );
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const tries = (
    client: number,
    user: string,
    headers: Record<string, string> = form,
    body = `user=${user}&password=x`,
  ) => at.status('/401', `192.0.2.${client}`, { method: 'POST', headers, body });
  for (const [client, user] of ['alice', 'Alice', 'al%69ce', 'ALICE'].entries())
    assert.equal(await tries(client + 1, user), 401);
  const seen = at.upstream.requests.length;
  assert.equal(await tries(7, 'alice'), 429);
  assert.equal(
    await tries(8, '', { 'Content-Type': 'application/json' }, '{"user":"alice","password":"x"}'),
    429,
  );
  assert.equal(at.upstream.requests.length, seen, 'no password goes on');
  assert.equal(await tries(1, 'bob'), 401);
  assert.equal(await at.status('/200', '192.0.2.1'), 200, 'who names nobody is not counted');
  assert.match(at.moat.read(), /banning "alice" for 600 s by zone "names"/);
  assert.equal(at.bans('remove', 'alice').status, 0);
  assert.equal(await tries(9, 'alice'), 401);
});

test('limit_ban: of IPv6 a network is banned, 64 bits of it unless told', async () => {
  await using at = await site(`${ZONE}; ${RULE}`, 'location / { PASS }');
  for (let n = 0; n < 5; n++) assert.equal(await at.status('/401', `2001:db8:1:2::${n}`), 401);
  assert.equal(await at.status('/200', '2001:db8:1:2:ffff::1'), 403);
  assert.equal(await at.status('/200', '2001:db8:1:3::1'), 200);
});

test('limit_ban: failed logins, told by a map of where the answer leads, by the name that is tried', async () => {
  await using at = await site(
    `map $upstream_http_location $login_failed { default 0; ~failed=1 1; }
     limit_ban_zone $arg_user zone=names:1m; limit_ban zone=names events=$login_failed count=3 within=1h ban=1h;`,
    'location / { PASS }',
  );
  // From anywhere: stuffing spreads over addresses.
  for (let n = 0; n < 3; n++) assert.equal(await at.status('/302?user=ann', `192.0.2.${n}`), 302);
  assert.equal(await at.status('/200?user=ann', '192.0.2.9'), 403);
  assert.equal(await at.status('/200?user=bob', '192.0.2.0'), 200);
  assert.equal(await at.status('/200', '192.0.2.0'), 200, 'an empty key is never banned');
});

test('limit_ban: a ban ends, and grows when it is repeated', async () => {
  await using at = await site(
    `${ZONE}; limit_ban zone=bans events=401 count=1 within=1m ban=200ms escalate=1h;`,
    'location / { PASS }',
  );
  for (const times of [1, 2, 3]) {
    assert.equal(await at.status('/401'), 401);
    await until(async () => (await at.status('/200')) === 200);
    assert.match(
      at.moat.read(),
      new RegExp(`banning "192\\.0\\.2\\.1" for ${(0.2 * 2 ** (times - 1)).toFixed(1)} s`),
    );
  }
});

test('limit_ban: who is put on the list of the spared gets through at once, and is not counted', async () => {
  await using at = await site(`${ZONE}; ${RULE}`, 'location / { PASS }');
  for (let n = 0; n < 5; n++) await at.status('/401');
  assert.equal(await at.status('/200'), 403);
  at.moat.reload(at.conf(`${ZONE}; ${RULE} limit_ban_spare 192.0.2.0/28;`, 'location / { PASS }'));
  await until(async () => (await at.status('/200')) === 200);
  for (let n = 0; n < 6; n++) await at.status('/401', '192.0.2.5');
  assert.equal(await at.status('/200', '192.0.2.5'), 200);
});

test('limit_ban: bans stay over a reload, the death of the L7 process, and with a state file over a restart', async () => {
  const http = `${ZONE} state=bans.json; ${RULE}`;
  await using at = await site(http, 'location / { PASS }');
  for (let n = 0; n < 5; n++) await at.status('/401');
  at.moat.reload(at.conf(`${http} limit_ban_status 420;`, 'location / { PASS }'));
  await until(async () => (await at.status('/200')) === 420);
  const path = join(at.moat.dir, 'bans.json');
  await until(() => existsSync(path) && readFileSync(path, 'utf8').includes('192.0.2.1'));
  const [, pid] = /L7 process (\d+)/.exec(at.moat.read()) ?? [];
  process.kill(Number(pid), 'SIGKILL');
  await until(() => /started anew/.test(at.moat.read()));
  await until(async () => (await at.status('/200')) === 420);
  const kept = readFileSync(path, 'utf8');
  const [port = 0] = await freePorts(1);
  await using next = await startMoat(
    httpConf(`set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP; ${http}
      server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${at.upstream.port}; } }`),
    { files: { 'bans.json': kept } },
  );
  const ask = async () =>
    (await request(port, { path: '/200', headers: { 'X-Real-IP': '192.0.2.1' } })).status;
  assert.equal(await ask(), 403);
  assert.ok(next.pid > 0);
});

test('limit_ban: a state file that is none is told of, and costs nothing but its bans', async () => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(
    httpConf(`${ZONE} state=bans.json; ${RULE} server { listen 127.0.0.1:${port}; }`),
    { files: { 'bans.json': '[{"key":1}]' } },
  );
  await until(() => moat.read().includes('the bans of zone "bans" are lost'));
  assert.equal((await request(port)).status, 404);
});

test('moat waf bans: lists, bans and lifts in the running program', async () => {
  await using at = await site(`${ZONE}; ${RULE}`, 'location / { PASS }');
  assert.equal(at.bans().stdout, 'nobody is banned\n');
  assert.equal(at.bans('add', '192.0.2.7', '--for', '1h').status, 0);
  assert.equal(at.bans('add', '2001:db8::7').status, 0);
  assert.equal(await at.status('/200', '192.0.2.7'), 403);
  assert.equal(await at.status('/200', '2001:db8::8'), 403);
  const listed = at.bans('list').stdout;
  assert.match(listed, /^192\.0\.2\.7 +1h 0m left|192\.0\.2\.7 +5\d/m);
  assert.match(listed, /^2001:db8::\/64 +without end/m);
  assert.equal(at.bans('remove', '192.0.2.7').status, 0);
  assert.equal(await at.status('/200', '192.0.2.7'), 200);
  const again = at.bans('remove', '192.0.2.7');
  assert.equal(again.status, 1);
  assert.match(again.stderr, /is not banned/);
  assert.match(at.bans('add', 'nobody').stderr, /"nobody" is no address/);
  assert.match(at.bans('add', '192.0.2.7', '--zone', 'other').stderr, /there is no limit_ban_zone "other"/);
});

test('limit_ban_dry_run tells, and bans nobody; metrics count', async () => {
  await using at = await site(
    `${ZONE}; ${RULE}`,
    'location / { PASS } location /401/dry { limit_ban_dry_run on; PASS } location = /metrics { metrics; }',
  );
  for (let n = 0; n < 6; n++) assert.equal(await at.status('/401/dry', '192.0.2.3'), 401);
  assert.equal(await at.status('/200', '192.0.2.3'), 200);
  assert.match(at.moat.read(), /banning, dry run, "192\.0\.2\.3"/);
  for (let n = 0; n < 5; n++) await at.status('/401');
  assert.equal(await at.status('/200'), 403);
  const { body } = await request(at.port, { path: '/metrics' });
  assert.match(body, /^moat_bans_active\{zone="bans"\} 1$/m);
  assert.match(body, /^moat_limit_ban_requests_total\{zone="bans",verdict="banned"\} 1$/m);
  assert.match(body, /^moat_limit_ban_requests_total\{zone="bans",verdict="banned_dry_run"\} 1$/m);
  assert.match(body, /^moat_limit_ban_requests_total\{zone="bans",verdict="rejected"\} 1$/m);
});

test('limit_ban: a key of strange bytes is a line of the log, and no more', async () => {
  await using at = await site(
    `limit_ban_zone $http_x_name zone=names:1m; limit_ban zone=names events=401 count=1 within=1m ban=1h;`,
    'location / { PASS }',
  );
  const headers = { 'X-Name': `a"b\xff${'x'.repeat(500)}` };
  assert.equal(await at.status('/401', '192.0.2.1', { headers }), 401);
  assert.equal(await at.status('/200', '192.0.2.1', { headers }), 403);
  assert.match(at.moat.read(), /banning "sha256:[0-9a-f]{40}"/);
  const quote = { 'X-Name': 'a"b\xff' };
  assert.equal(await at.status('/401', '192.0.2.1', { headers: quote }), 401);
  await until(() => at.moat.read().includes('banning "a\\x22b\\xff"'));
});
