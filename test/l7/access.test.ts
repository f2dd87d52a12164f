/** allow, deny, auth_basic and satisfy, asked side by side with nginx. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cryptHash } from '#native/crypt.ts';
import { freePorts, httpConf, startMoat } from '../e2e/rig.ts';
import { request } from '../e2e/wire.ts';
import { startTwins } from './twins.ts';

const sha1 = (bytes: Buffer) => createHash('sha1').update(bytes).digest();
const salt = Buffer.from('\x01\xffsalt', 'latin1');
const ssha = (password: string) =>
  Buffer.concat([sha1(Buffer.concat([Buffer.from(password), salt])), salt]).toString('base64');
const openssl = (...args: string[]) =>
  execFileSync('openssl', ['passwd', ...args], { encoding: 'latin1' }).trim();

/** The password of each is its name with `-word`; every kind that htpasswd and mkpasswd write. */
const USERS: Readonly<Record<string, string>> = {
  plain: '{PLAIN}plain-word',
  sha: `{SHA}${sha1(Buffer.from('sha-word')).toString('base64')}`,
  ssha: `{SSHA}${ssha('ssha-word')}`,
  apr1: openssl('-apr1', 'apr1-word'),
  shortsalt: openssl('-apr1', '-salt', 'ab', 'shortsalt-word'),
  md5: openssl('-1', 'md5-word'),
  sha256: openssl('-5', 'sha256-word'),
  sha512: openssl('-6', 'sha512-word'),
  des: cryptHash('des-word', 'ab')!,
  bcrypt: cryptHash('bcrypt-word', '$2b$04$abcdefghijklmnopqrstuu')!,
  bcrypt2y: cryptHash('bcrypt2y-word', '$2y$04$abcdefghijklmnopqrstuu')!,
  yescrypt: cryptHash('yescrypt-word', '$y$j75$abcdefgh$')!,
  unknown: '$nothing$like$it',
};

const USER_FILE = [
  '# comment:{PLAIN}x',
  ...Object.entries(USERS).map(([name, hash]) => `${name}:${hash}:Mr. ${name}`),
  'plain:{PLAIN}second',
  'windows:{PLAIN}windows-word\r',
  '',
  'nohash',
  'empty:',
  'last:{PLAIN}last-word',
].join('\n');

const FILES = { users: USER_FILE, 'other/users': 'bob:{PLAIN}bob' };
const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`, 'latin1').toString('base64')}`;

const OK = 'return 200 "in $remote_user";';

test('access: the first rule that holds the address decides', async t => {
  const cases: Readonly<Record<string, string>> = {
    'deny-all': 'deny all;',
    'allow-first': 'allow 127.0.0.0/8; deny all;',
    'deny-first': 'deny 127.0.0.1; allow all;',
    other: 'allow 10.0.0.0/8; deny 2001:db8::/32; deny unix:;',
    'other-denied': 'allow 10.0.0.0/8; allow ::1; deny all;',
    replaced: 'deny all; location /x { allow all; try_files /none @ok; } location @ok { return 200 x; }',
    inherited: 'deny all; location /x { try_files /none @ok; } location @ok { allow all; return 200 x; }',
    low: 'allow 127.0.0.9/8; deny all;',
    page: 'deny all; error_page 403 /page; location /page { allow all; try_files /none @page; } location @page { allow all; return 200 page; }',
    'page-denied':
      'deny all; error_page 403 /page; location /page { try_files /none @page; } location @page { return 200 page; }',
    except:
      'location /x { limit_except POST { deny all; } try_files /none @ok; } location @ok { return 200 ok; }',
  };
  const shown = Object.fromEntries(
    Object.entries(cases).map(([name, conf]) => [
      name,
      `${conf} ${conf.includes('@ok') ? '' : 'location / { try_files /none @go; } location @go { return 200 go; }'}`,
    ]),
  );
  await using twins = await startTwins(shown);
  for (const name of Object.keys(cases)) {
    await t.test(name, async () => {
      for (const path of ['/', '/x', '/x?y'])
        for (const method of ['GET', 'POST']) {
          const { nginx, moat } = await twins.ask(name, { path, method });
          assert.equal(`${method} ${path} ${moat}`, `${method} ${path} ${nginx}`);
        }
    });
  }
});

const LOCATION = (inside: string) =>
  `location / { ${inside} try_files /none @in; } location @in { allow all; auth_basic off; satisfy any; ${OK} }`;

test('auth_basic: every kind of hash, and every kind of credentials', async () => {
  await using twins = await startTwins(
    { all: LOCATION('auth_basic "The realm"; auth_basic_user_file users;') },
    '',
    { files: FILES },
  );
  const names = [...Object.keys(USERS), 'windows', 'last', 'empty', 'nohash', 'nobody', '# comment', ''];
  const fields: (string | undefined)[] = [
    undefined,
    'Basic',
    'Basic ',
    'Basic !!!!',
    'Bearer x',
    'basic cGxhaW46cGxhaW4td29yZA==',
    'Basic   cGxhaW46cGxhaW4td29yZA',
    'Basic cGxhaW4=',
    'Basic OnBsYWlu',
    'Basic cGxhaW46cGxhaW4td29yZA=x',
  ];
  for (const name of names) fields.push(basic(name, `${name}-word`), basic(name, 'wrong'), basic(name, ''));
  fields.push(basic('plain', 'second'), basic('plain:x', 'y'), basic('empty', ''));
  let right = 0;
  for (const field of fields) {
    const { nginx, moat } = await twins.ask('all', {
      headers: field === undefined ? {} : { Authorization: field },
    });
    if (moat.startsWith('200')) right++;
    assert.equal(`${field} ${moat}`, `${field} ${nginx}`);
  }
  assert.ok(right >= 15, `only ${right} were let in`);
});

test('auth_basic: files and realms with variables, absent files, off', async () => {
  await using twins = await startTwins(
    {
      variable: LOCATION('auth_basic "$arg_realm"; auth_basic_user_file $arg_dir/users;'),
      missing: LOCATION('auth_basic x; auth_basic_user_file none;'),
      'no-file': LOCATION('auth_basic x;'),
      folder: LOCATION('auth_basic x; auth_basic_user_file other;'),
      off: `auth_basic x; auth_basic_user_file users; ${LOCATION('auth_basic off;')}`,
      outer: `auth_basic x; auth_basic_user_file users; ${LOCATION('')}`,
      nested: `auth_basic x; ${LOCATION('auth_basic_user_file users;')}`,
    },
    '',
    { files: FILES },
  );
  const asks = [
    ['variable', '/?realm=r&dir=other'],
    ['variable', '/?realm=off&dir=other'],
    ['variable', '/?realm=&dir=nowhere'],
  ];
  for (const name of ['missing', 'no-file', 'folder', 'off', 'outer', 'nested']) asks.push([name, '/']);
  for (const [host = '', path = '/'] of asks)
    for (const field of [basic('bob', 'bob'), basic('plain', 'plain-word'), basic('bob', 'no'), undefined]) {
      const ask = { path, headers: field === undefined ? {} : { Authorization: field } };
      const { nginx, moat } = await twins.ask(host, ask);
      assert.equal(`${host} ${path} ${field} ${moat}`, `${host} ${path} ${field} ${nginx}`);
    }
});

test('satisfy: one check or all of them', async () => {
  const checks = ['', 'allow all;', 'deny all;', 'allow 10.0.0.1;'];
  const basics = ['', 'auth_basic r; auth_basic_user_file users;'];
  const modes = ['satisfy all;', 'satisfy any;'];
  const servers: Record<string, string> = {};
  for (const check of checks)
    for (const one of basics)
      for (const mode of modes)
        servers[`s${Object.keys(servers).length}`] = LOCATION(`${mode} ${check} ${one}`);
  servers['page'] =
    `${LOCATION('satisfy any; deny all; auth_basic r; auth_basic_user_file users;')} error_page 401 /login; location = /login { satisfy any; return 200 login; }`;
  servers['later'] =
    `location / { satisfy any; allow all; auth_basic r; auth_basic_user_file users; error_page 404 /deny/; root none; } location /deny/ { deny all; }`;
  await using twins = await startTwins(servers, '', { files: FILES });
  for (const host of Object.keys(servers))
    for (const field of [undefined, basic('plain', 'plain-word'), basic('plain', 'wrong')]) {
      const { nginx, moat } = await twins.ask(host, {
        headers: field === undefined ? {} : { Authorization: field },
      });
      assert.equal(`${servers[host]} ${field} ${moat}`, `${servers[host]} ${field} ${nginx}`);
    }
});

test('auth_basic: a changed file counts at once, and a password that was right is not asked of the old one', async () => {
  const [port = 0] = await freePorts(1);
  const hash = (password: string) => cryptHash(password, '$2b$04$abcdefghijklmnopqrstuu')!;
  const conf = httpConf(
    `server { listen 127.0.0.1:${port}; ${LOCATION('auth_basic r; auth_basic_user_file users;')} }`,
  );
  await using moat = await startMoat(conf, { files: { users: `ann:${hash('one')}\n` } });
  const status = async (password: string) =>
    (await request(port, { headers: { Authorization: basic('ann', password) } })).status;
  assert.deepEqual([await status('one'), await status('one'), await status('two')], [200, 200, 401]);
  moat.write('users', `ann:${hash('two')}\n`);
  const path = join(moat.dir, 'users');
  utimesSync(path, new Date(), new Date(statSync(path).mtimeMs + 2000));
  assert.deepEqual([await status('one'), await status('two')], [401, 200]);
  assert.match(moat.read(), /user "ann": password mismatch/);
});

test('auth_basic: many requests with a slow hash at once are all answered, and others meanwhile', async () => {
  const [port = 0] = await freePorts(1);
  const slow = cryptHash('word', '$2b$10$abcdefghijklmnopqrstuu')!;
  const conf = httpConf(
    `server { listen 127.0.0.1:${port}; location /open { return 200 open; } ${LOCATION('auth_basic r; auth_basic_user_file users;')} }`,
  );
  await using _moat = await startMoat(conf, { files: { users: `ann:${slow}\n` } });
  const ask = (password: string) => request(port, { headers: { Authorization: basic('ann', password) } });
  const asked = Array.from({ length: 12 }, (_, at) => ask(at % 3 === 0 ? `wrong${at}` : 'word'));
  assert.equal((await request(port, { path: '/open' })).body, 'open');
  const statuses = (await Promise.all(asked)).map(reply => reply.status);
  assert.deepEqual(
    statuses,
    Array.from({ length: 12 }, (_, at) => (at % 3 === 0 ? 401 : 200)),
  );
});

test('auth_delay: a refusal comes after the delay, an admission at once', async () => {
  const [port = 0] = await freePorts(1);
  const conf = httpConf(
    `server { listen 127.0.0.1:${port}; auth_delay 300ms; ${LOCATION('auth_basic r; auth_basic_user_file users;')} }`,
  );
  await using moat = await startMoat(`error_log error.log info;\n${conf}`, {
    files: { users: 'ann:{PLAIN}a\n' },
  });
  const order: string[] = [];
  const refused = request(port).then(reply => order.push(`${reply.status}`));
  const let_in = request(port, { headers: { Authorization: basic('ann', 'a') } }).then(reply =>
    order.push(`${reply.status}`),
  );
  await Promise.all([refused, let_in]);
  assert.deepEqual(order, ['200', '401']);
  assert.match(moat.read(), /delaying unauthorized request/);
});
