/** Users and sessions: who gets in, who does not, and what of it anybody else could use. */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { codeOf, stepAt } from '../../../control/api/user/totp.ts';
import { until } from '../../e2e/rig.ts';
import { type Answer, apiProcess, CHANGE, type Rig, startApi } from './api-rig.ts';
import { Browser, PASSWORD } from './browser.ts';

const codes = ({ status, body }: Answer) => `${status} ${body?.code ?? ''}`.trim();
const file = (rig: Rig, name: string) => readFileSync(`${rig.state}/${name}`, 'utf8');

test('set-up: a link that the machine prints makes the first admin, once', async () => {
  await using rig = await startApi();
  assert.deepEqual((await rig.call('/api/v1/setup')).body, { needed: true });
  assert.match(rig.moat.read(), /moat user link prints a link/);
  const old = rig.command('user', 'link').stdout.trim();
  const { stdout } = rig.command('user', 'link');
  const [, link = ''] = /^http:\/\/127\.0\.0\.1:\d+\/setup#([\w-]{43})\n$/.exec(stdout) ?? [];
  const first = new Browser(rig, 'ada');
  const setUp = (secret: string, password = PASSWORD) =>
    first.post('/api/v1/setup', { link: secret, name: 'ada', password });
  assert.equal(codes(await setUp(old.split('#')[1]!)), '401 bad-link', 'an older link is good still');
  assert.equal(codes(await setUp('x'.repeat(43))), '401 bad-link');
  assert.equal(codes(await setUp(link, 'too short')), '422 invalid');
  const { status, body } = await setUp(link);
  assert.deepEqual([status, body.name, body.role], [200, 'ada', 'admin']);
  assert.equal((await first.call('/api/v1/users')).body.items.length, 1);
  assert.equal(codes(await setUp(link)), '409 set-up');
  assert.match(rig.command('user', 'link').stderr, /there are users already/);
  assert.deepEqual((await rig.call('/api/v1/setup')).body, { needed: false });
  assert.ok(!rig.moat.read().includes(link), 'the link is in the log');
});

test('session: the cookie is for this host and no script; login gives another one, and ends the one before', async () => {
  await using rig = await startApi();
  const ada = await Browser.of(rig, 'admin', 'ada');
  assert.match(
    ada.field,
    new RegExp(`^moat-${rig.port}=[0-9a-f]{12}\\.[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`),
  );
  const planted = `moat-${rig.port}=${'0'.repeat(12)}.${'A'.repeat(43)}`;
  const victim = new Browser(rig, 'ada');
  victim.cookie = planted;
  assert.equal((await victim.login()).status, 200);
  assert.notEqual(victim.cookie, planted, 'what an attacker has planted becomes a session');
  const before = ada.cookie;
  await ada.login();
  assert.notEqual(ada.cookie, before);
  assert.equal((await rig.call('/api/v1/me', { headers: { cookie: before } })).status, 401);
  const twice = await rig.call('/api/v1/me', { headers: { cookie: `${ada.cookie}; ${victim.cookie}` } });
  assert.equal(twice.status, 401, 'one of two cookies counts');
  assert.deepEqual((await ada.post('/api/v1/logout')).body, { url: null });
  assert.match(ada.field, /Max-Age=0/);
  assert.equal((await victim.call('/api/v1/me')).status, 200);
});

test('session: pages of other sites change nothing, whatever they send', async () => {
  await using rig = await startApi();
  const ada = await Browser.of(rig, 'admin', 'ada');
  const own = `127.0.0.1:${rig.port}`;
  const end = (headers: Record<string, string>, cookie = ada.cookie) =>
    rig.call('/api/v1/me/sessions/000000000000', { method: 'DELETE', headers: { cookie, ...headers } });
  const csrf = { 'x-moat-csrf': ada.csrf };
  assert.equal(codes(await end({})), '403 csrf');
  assert.equal(codes(await end({ 'x-moat-csrf': `${ada.csrf.slice(1)}A` })), '403 csrf');
  const other = await Browser.of(rig, 'viewer', 'bob');
  assert.equal(codes(await end({ 'x-moat-csrf': other.csrf })), '403 csrf', 'that of another session');
  assert.equal(codes(await end({ ...csrf, origin: 'http://evil.example' })), '403 cross-origin');
  assert.equal(codes(await end({ ...csrf, origin: `http://127.0.0.1:${rig.sitePort}` })), '403 cross-origin');
  assert.equal(codes(await end({ ...csrf, 'sec-fetch-site': 'same-site' })), '403 cross-origin');
  assert.equal(
    codes(await end({ ...csrf, host: own, origin: `http://${own}`, 'sec-fetch-site': 'same-origin' })),
    '404 not-found',
  );
  const login = { name: 'ada', password: PASSWORD };
  for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x'])
    assert.equal(
      codes(
        await rig.call('/api/v1/login', { method: 'POST', body: login, headers: { 'content-type': type } }),
      ),
      '415 not-json',
    );
  const forced = await rig.call('/api/v1/login', {
    method: 'POST',
    body: login,
    headers: { origin: 'null' },
  });
  assert.equal(codes(forced), '403 cross-origin', 'a login by another page');
});

test('login: wrong names and passwords are told alike, are counted, and lock out nobody who was there before', async () => {
  await using rig = await startApi();
  const ada = await Browser.of(rig, 'admin', 'ada');
  const stranger = (name: string, password = 'not the password') =>
    rig.call('/api/v1/login', { method: 'POST', body: { name, password } });
  const texts = [await stranger('nobody'), await stranger('ada')].map(({ text }) => text);
  assert.equal(texts[0], texts[1]);
  // Tries of names that never were there before are counted by the address, all at once as one after the other.
  const many = await Promise.all(Array.from({ length: 30 }, (_, at) => stranger(`nobody${at}`)));
  const kinds = new Set(many.map(codes));
  assert.ok(many.filter(({ status }) => status === 401).length <= 10, [...kinds].join());
  for (const kind of kinds) assert.match(kind, /^(401 bad-login|429 too-many-logins|503 busy)$/);
  await until(async () => (await stranger('nobody')).status === 429, 'the address to be told to wait');
  assert.match(String((await stranger('nobody')).headers['retry-after']), /^\d+$/);
  assert.equal((await ada.login()).status, 200, 'the one who has logged in from here before is locked out');
  assert.ok((rig.moat.read().match(/a login from 127\.0\.0\.1 was refused/g)?.length ?? 0) <= 6);
  // An account that is guessed at from where its user is: told to wait, and no right password is told from a wrong one.
  await until(async () => (await stranger('ada')).status === 429, 'the account to be told to wait');
  assert.equal(codes(await stranger('ada', PASSWORD)), '429 too-many-logins');
  assert.equal((await ada.call('/api/v1/me')).status, 200, 'who is in stays in');
});

test('users: another role or password ends what there was; the last admin stays; secrets are nowhere', async () => {
  await using rig = await startApi();
  const ada = await Browser.of(rig, 'admin', 'ada');
  const users = '/api/v1/users';
  const wish = { name: 'bob', role: 'viewer', password: 'the password of bob' };
  const made = await ada.call(users, { method: 'POST', headers: CHANGE, body: wish });
  assert.equal(made.status, 201, made.text);
  const bob = new Browser(rig, 'bob', wish.password);
  await bob.login();
  const change = (name: string, body: object, headers: Record<string, string> = CHANGE) =>
    ada.call(`${users}/${name}`, { method: 'PATCH', headers, body });
  assert.equal(
    codes(await change('bob', { role: 'operator' }, { 'if-match': '"old"' })),
    '412 precondition-failed',
  );
  const seen = await ada.call(`${users}/bob`);
  const etag = String(seen.headers['etag']);
  assert.equal((await change('bob', { role: 'operator' }, { 'if-match': etag })).body.role, 'operator');
  assert.equal((await bob.call('/api/v1/me')).status, 401, 'his session has the old role still');
  await bob.login();
  const other = new Browser(rig, 'bob', wish.password);
  await other.login();
  const next = 'another password of bob';
  assert.equal(
    codes(await bob.post('/api/v1/me/password', { old: 'no such password', password: next })),
    '401 bad-login',
  );
  const cookie = bob.cookie;
  assert.equal((await bob.post('/api/v1/me/password', { old: wish.password, password: next })).status, 200);
  assert.notEqual(bob.cookie, cookie);
  assert.equal((await bob.call('/api/v1/me')).status, 200);
  assert.equal((await other.call('/api/v1/me')).status, 401);
  assert.equal((await rig.call('/api/v1/me', { headers: { cookie } })).status, 401);
  assert.equal(codes(await other.login()), '401 bad-login');
  await tokensOf(ada, rig);
  await change('bob', { disabled: true });
  bob.password = next;
  assert.equal(codes(await bob.login()), '401 bad-login');
  assert.equal(codes(await change('ada', { role: 'viewer' })), '409 last-admin');
  assert.equal(
    codes(await ada.call(`${users}/ada`, { method: 'DELETE', headers: CHANGE })),
    '409 last-admin',
  );
  assert.equal((await ada.call(`${users}/bob`, { method: 'DELETE', headers: CHANGE })).status, 204);
  assert.equal(codes(await change('bob', {})), '404 not-found');
  const audit = await ada.call('/api/v1/audit');
  assert.ok(
    audit.body.items.some(
      ({ what, who }: Record<string, string>) => what === 'user-remove' && who === 'user ada',
    ),
  );
  const secrets = [PASSWORD, wish.password, next, ada.cookie.split('.').at(-1)!, ada.csrf];
  const shown = [
    rig.moat.read(),
    audit.text,
    file(rig, 'users.json'),
    made.text,
    (await ada.call('/api/v1/sessions')).text,
  ];
  for (const text of shown) for (const secret of secrets) assert.ok(!text.includes(secret), text);
  assert.ok(!file(rig, 'sessions.json').includes(secrets[3]!));
  assert.equal(statSync(`${rig.state}/users.json`).mode & 0o777, 0o600);
});

test('sessions: are listed and ended, one of the own or one of anybody; a token is no session', async () => {
  await using rig = await startApi();
  const ada = await Browser.of(rig, 'admin', 'ada');
  const bob = await Browser.of(rig, 'viewer', 'bob');
  const idOf = ({ cookie }: Browser) => cookie.split('=')[1]!.split('.')[0]!;
  const end = (browser: Browser, path: string) => browser.call(path, { method: 'DELETE' });
  assert.equal(codes(await end(bob, `/api/v1/me/sessions/${idOf(ada)}`)), '404 not-found');
  assert.equal(codes(await end(bob, `/api/v1/sessions/${idOf(ada)}`)), '403 forbidden');
  assert.deepEqual(
    (await bob.call('/api/v1/me/sessions')).body.items.map(({ id }: { id: string }) => id),
    [idOf(bob)],
  );
  assert.equal((await end(ada, `/api/v1/sessions/${idOf(bob)}`)).status, 204);
  assert.equal((await bob.call('/api/v1/me')).status, 401);
  const token = rig.token('admin');
  assert.equal((await rig.call('/api/v1/me', { token })).body.kind, 'token');
  const wish = { name: 'eve', role: 'admin', password: PASSWORD };
  const made = await rig.call('/api/v1/users', { method: 'POST', token, headers: CHANGE, body: wish });
  assert.equal(codes(made), '403 session-needed', 'whoever finds a token makes himself a user');
  const events = await fetch(`http://127.0.0.1:${rig.port}/api/v1/events`, {
    headers: { cookie: ada.cookie },
  });
  assert.equal(events.status, 200);
  rig.command('user', 'role', 'ada', 'admin');
  await events.text(); // it ends with the session
});

test('totp: enrolled, asked for, good once; recovery codes, too; root takes it away', async () => {
  await using rig = await startApi();
  const ada = await Browser.of(rig, 'admin', 'ada');
  const { body: enrolled } = await ada.post('/api/v1/me/totp');
  assert.match(enrolled.uri, /^otpauth:\/\/totp\/moat%3Aada\?secret=[A-Z2-7]{32}&/);
  assert.equal(
    codes(
      await ada.post('/api/v1/me/totp/confirm', {
        code: '000000' === codeOf(enrolled.secret, stepAt(Date.now())) ? '000001' : '000000',
      }),
    ),
    '422 bad-code',
  );
  const code = codeOf(enrolled.secret, stepAt(Date.now()));
  const { status, body } = await ada.post('/api/v1/me/totp/confirm', { code });
  assert.equal(status, 200);
  assert.equal(new Set(body.recoveryCodes).size, 10);
  const login = (said?: string) => new Browser(rig, 'ada').login(said);
  assert.equal(codes(await login()), '401 code-needed');
  assert.equal(codes(await login(code)), '401 bad-code', 'a code is good twice');
  const next = codeOf(enrolled.secret, stepAt(Date.now()) + 1);
  assert.equal((await login(next)).status, 200);
  assert.equal(codes(await login(next)), '401 bad-code');
  const recovery: string = body.recoveryCodes[3];
  assert.equal((await login(recovery.toLowerCase())).status, 200);
  assert.equal(codes(await login(recovery)), '401 bad-code');
  assert.equal((await ada.call('/api/v1/users')).body.items[0].recoveryCodes, 9);
  for (const text of [rig.moat.read(), (await ada.call('/api/v1/audit')).text]) {
    assert.ok(!text.includes(enrolled.secret));
    assert.ok(!text.includes(recovery));
  }
  assert.equal(rig.command('user', 'reset-totp', 'ada').status, 0);
  assert.equal((await login()).status, 200);
});

test('sessions: live over a reload, and another process of the API; the password is said again', async () => {
  await using rig = await startApi();
  const ada = await Browser.of(rig, 'admin', 'ada');
  const first = apiProcess(rig);
  rig.moat.reload(rig.conf(undefined, 'audit_limit 32m;'));
  const isIn = () =>
    ada.call('/api/v1/me').then(
      ({ status }) => status === 200,
      () => false,
    );
  await until(
    async () => ![undefined, first].includes(apiProcess(rig)) && (await isIn()),
    'the process of the next configuration',
  );
  const pid = apiProcess(rig);
  process.kill(pid, 'SIGKILL');
  await until(
    async () => apiProcess(rig) !== pid && (await isIn()),
    'the session to be known to the next process',
  );
  assert.equal((await ada.post('/api/v1/login/again', { password: PASSWORD })).body.fresh, true);
  assert.equal(
    codes(await ada.post('/api/v1/login/again', { password: 'not the password' })),
    '401 bad-login',
  );
});

/** A token made in the browser is told once, believed at once, and not any more when it is revoked. */
async function tokensOf(ada: Browser, rig: Rig): Promise<void> {
  const tokens = '/api/v1/tokens';
  const wish = { name: 'grafana', role: 'viewer', scopes: ['metrics', 'status'], lengthS: 3600 };
  const made = await ada.call(tokens, { method: 'POST', headers: CHANGE, body: wish });
  assert.equal(made.status, 201, made.text);
  const { token, record } = made.body;
  assert.equal((await rig.call('/api/v1/status', { token })).status, 200);
  assert.equal(codes(await rig.call('/api/v1/l7/pools', { token })), '403 forbidden');
  const again = await ada.call(tokens, { method: 'POST', headers: CHANGE, body: wish });
  assert.equal(codes(again), '409 refused', 'there is one of that name');
  const list = await ada.call(tokens);
  assert.ok(!list.text.includes(token) && !list.text.includes('hash'));
  const seen = await ada.call(`${tokens}/${record.id}`);
  const headers = { 'if-match': String(seen.headers['etag']) };
  assert.equal((await ada.call(`${tokens}/${record.id}`, { method: 'DELETE', headers })).status, 204);
  assert.equal((await rig.call('/api/v1/status', { token })).status, 401);
  const audit = (await ada.call('/api/v1/audit?limit=20')).body.items;
  const entry = audit.find(({ what }: { what: string }) => what === 'token-create');
  assert.deepEqual([entry.who, entry.wish.name], ['user ada', 'grafana']);
  assert.ok(!JSON.stringify(audit).includes(token));
}
