/** Logins by a real OpenID Connect provider: who gets in, as what, and every way in which the answer may be a lie. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { chromium } from 'playwright-core';
import { selfSigned } from '../../../control/x509/self-signed.ts';
import { freePorts, until } from '../../e2e/rig.ts';
import { type Answer, type Rig, running, startApi } from './api-rig.ts';
import { Browser } from './browser.ts';
import { Provider, type ProviderSetup, type Twist, Visitor } from './provider.ts';

const SECRET = 'a secret of the provider and moat';
const AT = '/api/v1/login';
const codes = ({ status, body }: Answer) => `${status} ${body?.code ?? ''}`.trim();

/** What is wrong with tokens, and what the log says of it. */
const WHY: Readonly<Record<Exclude<Twist, 'soundly'>, RegExp>> = {
  altered: /signature verification failed/,
  none: /unexpected JWT "alg"/,
  hs256: /unexpected JWT "alg"/,
  'other-key': /signature verification failed/,
  expired: /"exp" .* past/,
  future: /of the future \(iat\)/,
  'other-client': /"aud"/,
  'two-audiences': /additional untrusted audiences/,
  'other-party': /another client \(azp\)/,
  'other-issuer': /"iss"/,
  'other-nonce': /"nonce"/,
  'no-nonce': /"nonce" .* missing/,
};

const newKey = (kid: string) => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
  kid,
});

/** A browser between moat and the provider. */
class Traveller {
  readonly #rig: Rig;
  readonly visitor: Visitor;
  readonly localAddress: string;
  cookies: Record<string, string> = {};

  constructor(rig: Rig, name: string, localAddress: string) {
    this.#rig = rig;
    this.visitor = new Visitor(name);
    this.localAddress = localAddress;
  }

  async call(path: string, body?: object | null, headers: Record<string, string> = {}): Promise<Answer> {
    const cookie = Object.entries(this.cookies)
      .map(([name, value]) => `${name}=${value}`)
      .join('; ');
    const { localAddress } = this;
    const answer = await this.#rig.call(path, {
      ...(body && { body }),
      ...{ method: body === undefined ? 'GET' : 'POST', localAddress, headers: { cookie, ...headers } },
    });
    for (const field of [answer.headers['set-cookie'] ?? []].flat()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(field) ?? [];
      this.cookies[name] = value;
    }
    return answer;
  }

  /** To the provider and back. @returns what the provider gave him */
  async go(again = false): Promise<Record<string, string>> {
    const begun = await this.call(`${AT}/oidc`, again ? { again } : {});
    assert.equal(begun.status, 200, begun.text);
    const back = await this.visitor.visit(begun.body.url, `http://127.0.0.1:${this.#rig.port}/login/oidc?`);
    return Object.fromEntries(back.searchParams);
  }

  bring(said: object): Promise<Answer> {
    return this.call(`${AT}/oidc/finish`, said);
  }

  async login(again = false): Promise<Answer> {
    return this.bring(await this.go(again));
  }
}

const CHROMIUM = '/usr/bin/chromium';
const DIST = join(import.meta.dirname, '../../../admin-ui/dist/index.html');
const skipsBrowser = !existsSync(CHROMIUM) || !existsSync(DIST);

/** By the console's button, there and back: the screen that was wanted comes, and nothing of the login stays in the address bar. */
async function inBrowser({ port }: Rig, provider: Provider): Promise<void> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  try {
    const page = await (await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en' })).newPage();
    await page.route('https://fonts.googleapis.com/**', route => route.abort());
    const login = async () => {
      await page.getByRole('button', { name: 'Log in with Example Ltd.' }).click();
      await page.locator('[name=login]').fill('bob');
      await page.locator('[name=password]').fill('any');
      await page.getByRole('button', { name: 'Sign-in' }).click();
      await page.getByRole('button', { name: 'Continue' }).click();
    };
    await page.goto(`http://127.0.0.1:${port}/#/cluster`);
    await provider.answer('altered');
    await login();
    await page.getByRole('alert').getByText('What the provider says is not good').waitFor();
    await provider.answer('straight');
    await page.context().clearCookies();
    await login();
    await page.getByRole('heading', { level: 1, name: 'Cluster' }).waitFor();
    assert.equal(page.url(), `http://127.0.0.1:${port}/#/cluster`);
    await page.getByText('oidc:bob').first().waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('button', { name: 'Yes, sign me out' }).click();
    await page.getByRole('button', { name: 'Log in with Example Ltd.' }).waitFor();
    assert.ok(page.url().startsWith(`http://127.0.0.1:${port}/`), page.url());
  } finally {
    await browser.close();
  }
}

/** At both: the provider asks who he is when he comes again; the token that ends the session is in no log. */
async function logOut(bob: Traveller, issuer: string, home: string, secrets: string[]): Promise<void> {
  assert.equal((await bob.login()).status, 200);
  assert.equal((await bob.login()).status, 200);
  assert.equal(bob.visitor.logins, 1, 'the provider knows him');
  const { csrf } = (await bob.call('/api/v1/me')).body;
  const { body } = await bob.call('/api/v1/logout', null, { 'x-moat-csrf': csrf });
  assert.equal((await bob.call('/api/v1/me')).status, 401, 'he is out before he has gone there');
  const { origin, searchParams } = new URL(body.url);
  assert.equal(origin, issuer);
  assert.equal(searchParams.get('post_logout_redirect_uri'), home);
  const hint = searchParams.get('id_token_hint') ?? '';
  assert.equal(JSON.parse(Buffer.from(hint.split('.')[1] ?? '', 'base64url').toString()).sub, 'bob');
  secrets.push(hint);
  await bob.visitor.visit(body.url, home);
  assert.equal((await bob.login()).status, 200);
  assert.equal(bob.visitor.logins, 2, 'the provider does not know him any more');
}

const speakers = (rig: Rig): number[] => running(rig, 'oidc/process.ts');

test('oidc: users of a provider log in by its word, and by nothing that looks like it', {
  timeout: 115_000,
}, async () => {
  const [providerPort = 0] = await freePorts(1);
  const tls = selfSigned({ commonName: 'provider', names: [{ type: 'ip', value: '127.0.0.1' }], days: 2 });
  setDefaultCACertificates([...getCACertificates('default'), tls.certificate]);
  const issuer = `https://127.0.0.1:${providerPort}`;
  const block = (roles: string) =>
    `oidc ${issuer} { client_id moat; client_secret file:oidc.secret; scope profile groups; label "Example Ltd."; ssl_trusted_certificate provider.pem; ${roles} }`;
  const ROLES = 'role admin moat-admins; role viewer staff;';
  const files = { 'oidc.secret': `${SECRET}\n`, 'provider.pem': tls.certificate };
  await using rig = await startApi(undefined, { api: block(ROLES), files });
  const local = await Browser.of(rig, 'admin', 'ada');
  const setup: ProviderSetup = {
    ...{ issuer, redirectUri: `http://127.0.0.1:${rig.port}/login/oidc`, secret: SECRET, tls },
    ...{ key: newKey('first'), groupsAt: 'userinfo' },
  };
  let addresses = 0;
  /** Each from elsewhere: bad tries are counted by address. */
  const traveller = (name: string) => new Traveller(rig, name, `127.0.1.${++addresses}`);
  const secrets = [SECRET];

  assert.deepEqual(speakers(rig), [], 'it is there before anybody logs in');
  assert.deepEqual((await rig.call(AT)).body, { password: true, oidc: 'Example Ltd.' });
  const early = traveller('alice');
  assert.equal(codes(await early.call(`${AT}/oidc`, {})), '503 provider-away');
  assert.match(
    rig.moat.read(),
    /the OpenID Connect provider does not answer as it should: fetch failed.*ECONNREFUSED/,
  );
  assert.equal((await local.login()).status, 200, 'without the provider nobody gets in');
  const [speaker = 0] = speakers(rig);
  const [, uid] = /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${speaker}/status`, 'latin1')) ?? [];
  assert.notEqual(uid, process.getuid?.() === 0 ? '0' : '', 'it is root');

  let provider = await Provider.start(setup);
  try {
    await until(async () => {
      await sleep(500); // each try is another address
      return (await traveller('alice').call(`${AT}/oidc`, {})).status === 200;
    }, 'the provider to be asked anew');

    // The straight way; groups are at the userinfo endpoint.
    const alice = traveller('alice');
    const begun = await alice.call(`${AT}/oidc`, {});
    const asked = Object.fromEntries(new URL(begun.body.url).searchParams);
    assert.deepEqual(
      [asked['response_type'], asked['client_id'], asked['code_challenge_method'], asked['scope']],
      ['code', 'moat', 'S256', 'openid profile groups'],
    );
    for (const name of ['state', 'nonce', 'code_challenge'])
      assert.match(asked[name] ?? '', /^[\w-]{43}$/, name);
    assert.match(
      String(begun.headers['set-cookie']),
      new RegExp(`^moat-${rig.port}-oidc=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict; Max-Age=600$`),
    );
    const planted = { [`moat-${rig.port}`]: `${'0'.repeat(12)}.${'A'.repeat(43)}` };
    alice.cookies = { ...alice.cookies, ...planted };
    const said = await alice.go();
    secrets.push(said['code']!);
    const ticket = { ...alice.cookies };
    assert.equal(said['iss'], issuer);
    assert.equal(codes(await traveller('x').bring(said)), '401 no-login', 'a browser that has begun nothing');
    const other = traveller('x');
    await other.call(`${AT}/oidc`, {});
    assert.equal(
      codes(await other.bring(said)),
      '401 no-login',
      "another browser's login: it would be logged in as alice",
    );
    assert.equal(codes(await alice.bring({ ...said, state: 'A'.repeat(43) })), '401 no-login');
    assert.equal(codes(await alice.call(`${AT}/oidc/finish`, said)), '200');
    secrets.push(alice.cookies[`moat-${rig.port}`]!.split('.')[1]!);
    assert.notEqual(alice.cookies[`moat-${rig.port}`], planted[`moat-${rig.port}`]);
    assert.equal(alice.cookies[`moat-${rig.port}-oidc`], '', 'the ticket stays');
    const me = await alice.call('/api/v1/me');
    assert.deepEqual(
      [me.body.name, me.body.role, me.body.by, me.body.fresh],
      ['oidc:alice', 'admin', 'provider', false],
    );
    assert.equal((await alice.call('/api/v1/config')).status, 200);

    // What was good once.
    alice.cookies = ticket;
    assert.equal(codes(await alice.bring(said)), '401 no-login', 'a login is good twice');
    const thief = traveller('alice');
    const { state = '' } = await thief.go();
    assert.equal(codes(await thief.bring({ ...said, state })), '401 bad-answer', 'a code is good twice');
    assert.match(rig.moat.read(), /was refused: .*invalid_grant/);
    const mixed = await thief.go();
    assert.equal(codes(await thief.bring({ ...mixed, iss: 'https://evil.example' })), '401 bad-answer');
    const { state: denied } = await thief.go();
    assert.equal(codes(await thief.bring({ state: denied, error: 'access_denied' })), '401 provider-refused');

    // Roles: of the groups, the one that may most; nobody without one.
    const bob = traveller('bob');
    assert.equal((await bob.login()).body.role, 'viewer');
    assert.equal(codes(await bob.call('/api/v1/config')), '403 forbidden');
    const eve = traveller('eve');
    assert.equal(codes(await eve.login()), '403 no-role');
    assert.equal((await eve.call('/api/v1/me')).status, 401);

    // Said again for what is dangerous; what is about passwords of this machine is not for him.
    const csrf = async () => ({ 'x-moat-csrf': (await bob.call('/api/v1/me')).body.csrf });
    const again = { password: 'a password of somebody' };
    assert.equal(codes(await bob.call(`${AT}/again`, again, await csrf())), '409 by-provider');
    const former = { ...bob.cookies };
    const fresh = await bob.login(true);
    assert.deepEqual([fresh.status, fresh.body.fresh], [200, true], fresh.text);
    const own = { old: 'none', password: 'a password that is long' };
    assert.equal(codes(await bob.call('/api/v1/me/password', own, await csrf())), '409 by-provider');
    assert.equal(codes(await bob.call('/api/v1/me/totp', null, await csrf())), '409 by-provider');
    const gone = await bob.call('/api/v1/logout', null, await csrf());
    assert.deepEqual(gone.body, { url: null }, 'this provider ends no sessions');
    bob.cookies = former;
    assert.equal((await bob.call('/api/v1/me')).status, 401, 'the session before goes on');

    // Tokens that are not what they should be. The first shows that the others fail for their one reason.
    await provider.answer('soundly');
    assert.equal((await traveller('eve').login()).body.role, 'admin');
    for (const [twist, why] of Object.entries(WHY) as [Twist, RegExp][]) {
      await provider.answer(twist);
      const attacker = traveller('eve');
      assert.equal(codes(await attacker.login()), '401 bad-answer', twist);
      assert.equal((await attacker.call('/api/v1/me')).status, 401, twist);
      const line = rig.moat.read().split(`from ${attacker.localAddress} was refused: `)[1] ?? '';
      assert.match(line.split('\n')[0]!, why, twist);
    }
    await provider.answer('straight');

    // Other keys, groups in the token, and sessions that can be ended.
    await provider[Symbol.asyncDispose]();
    const lost = traveller('alice');
    const begunInVain = await lost.call(`${AT}/oidc`, {});
    const lostState = new URL(begunInVain.body.url).searchParams.get('state');
    assert.equal(codes(await lost.bring({ state: lostState, code: 'x', iss: issuer })), '503 provider-away');
    const home = `http://127.0.0.1:${rig.port}/`;
    provider = await Provider.start({
      ...{ ...setup, key: newKey('second'), groupsAt: 'token', backFromLogout: home },
    });
    const later = traveller('alice');
    assert.equal((await later.login()).body.role, 'admin', 'keys that have changed are not asked for');
    const [dying = 0] = speakers(rig);
    process.kill(dying, 'SIGKILL');
    await until(
      async () => (await traveller('bob').call(`${AT}/oidc`, {})).status === 200,
      'another process to speak to the provider',
    );
    assert.ok(!speakers(rig).includes(dying));
    await logOut(traveller('bob'), issuer, home, secrets);

    if (!skipsBrowser) await inBrowser(rig, provider);

    // Tries are counted.
    const eager = traveller('x');
    for (let at = 0; at < 10; at++) assert.equal((await eager.call(`${AT}/oidc`, {})).status, 200);
    const full = await eager.call(`${AT}/oidc`, {});
    assert.deepEqual(
      [codes(full), /^\d+$/.test(String(full.headers['retry-after']))],
      ['429 too-many-logins', true],
    );
    const evil = { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' };
    assert.equal(codes(await traveller('x').call(`${AT}/oidc`, {}, evil)), '403 cross-origin');

    // Who was let in, and who was not, is written down, and no secret.
    const audit = await local.call('/api/v1/audit?limit=200');
    const entries: { who: string; what: string; wish: { subject?: string; role?: string | null } }[] =
      audit.body.items;
    const find = (what: string, who: string) =>
      entries.find(one => one.what === what && one.who === who)?.wish;
    assert.deepEqual(find('login', 'user oidc:alice'), { subject: 'alice', role: 'admin' });
    assert.deepEqual(find('login-refused', 'user oidc:eve'), { subject: 'eve', role: null });
    for (const text of [rig.moat.read(), audit.text])
      for (const secret of secrets) assert.ok(!text.includes(secret), secret);

    // Other roles: who came by the former ones logs in again; others do not.
    rig.moat.reload(rig.conf(undefined, block('role viewer moat-admins;')));
    const ends = (ask: () => Promise<Answer>, code: string, what: string) =>
      // The process of the API is another one after it: a connection to the former may be cut.
      until(
        () =>
          ask().then(
            answer => codes(answer) === code,
            () => false,
          ),
        what,
      );
    await ends(() => later.call('/api/v1/me'), '401 no-token', 'the session to end');
    await ends(() => local.call('/api/v1/me'), '200', 'the session of a local user to go on');
    rig.moat.reload(rig.conf(undefined, ''));
    const late = traveller('alice');
    await ends(() => late.call(`${AT}/oidc`, {}), '404 not-found', 'the provider to go');
  } finally {
    await provider[Symbol.asyncDispose]();
  }
});
