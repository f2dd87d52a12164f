/** Health checks against the servers they are meant for, as Debian has them. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonFor } from './asking.ts';
import { closedPort } from './servers.ts';
import { selfSigned } from './tls-peer.ts';

const dir = mkdtempSync(join(tmpdir(), 'moat-l4-peers-'));
const children: ChildProcess[] = [];
after(async () => {
  for (const child of children) await end(child);
  rmSync(dir, { recursive: true, force: true });
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

const missing = (...paths: string[]) => {
  const absent = paths.find(path => !existsSync(path));
  return absent === undefined ? false : `${absent} is not installed`;
};

/** Starts a server in the foreground, as another user where it refuses to be root. */
function start(program: string, args: string[], user?: { uid: number; gid: number }): ChildProcess {
  const child = spawn(program, args, { stdio: 'ignore', cwd: dir, ...user });
  children.push(child);
  return child;
}

/** Asks until it passes. */
async function passes(line: string, port: number): Promise<void> {
  let reason = '';
  for (let tries = 0; tries < 300; tries++) {
    reason = await reasonFor(line, { port });
    if (reason === '') return;
    await sleep(100);
  }
  assert.fail(`${line} does not pass: ${reason}`);
}

const NGINX = '/usr/sbin/nginx';

test('nginx: http, https, HTTP/2, bodies and headers', {
  skip: missing(NGINX, '/usr/bin/openssl'),
}, async () => {
  const [port, tlsPort] = [await closedPort(), await closedPort()];
  const { key, cert } = selfSigned(30);
  writeFileSync(join(dir, 'key.pem'), key);
  writeFileSync(join(dir, 'cert.pem'), cert);
  writeFileSync(
    join(dir, 'nginx.conf'),
    `daemon off; pid ${dir}/nginx.pid; error_log ${dir}/error.log; events {}
    http { access_log off; client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f;
      uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
      server { listen 127.0.0.1:${port}; listen 127.0.0.1:${tlsPort} ssl http2; server_name peer.test;
        ssl_certificate ${dir}/cert.pem; ssl_certificate_key ${dir}/key.pem;
        location = /up { add_header X-Version 7; return 200 "ready\\n"; }
        location = /ill { return 503; } } }`,
  );
  start(NGINX, ['-p', dir, '-c', join(dir, 'nginx.conf'), '-e', join(dir, 'error.log')]);
  const up = 'uri=/up body=^ready header=X-Version:^7$ status=200';
  await passes(`http ${up}`, port);
  await passes(`http version=1.0 ${up}`, port);
  await passes('http method=HEAD uri=/up', port);
  await passes(`https host=peer.test expiry_warning=1d ${up}`, tlsPort);
  await passes(`https version=2 host=peer.test ${up}`, tlsPort);
  assert.equal(await reasonFor('http uri=/ill', { port }), 'status 503');
  assert.equal(await reasonFor('https version=2 uri=/ill', { port: tlsPort }), 'status 503');
});

const REDIS = '/usr/bin/redis-server';

test('redis: with and without its password', { skip: missing(REDIS) }, async () => {
  const port = await closedPort();
  start(REDIS, [
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--requirepass',
    'open sesame',
    '--dir',
    dir,
  ]);
  await passes('redis "password=open sesame"', port);
  assert.match(await reasonFor('redis', { port }), /^the answer to PING is "-NOAUTH /);
  assert.match(await reasonFor('redis password=wrong', { port }), /^the answer to AUTH is "-WRONGPASS /);
});

const DNSMASQ = '/usr/sbin/dnsmasq';

test('dnsmasq: a record that is there, and one that is not', { skip: missing(DNSMASQ) }, async () => {
  const port = await closedPort();
  const words = `--no-daemon --no-resolv --no-hosts --bind-interfaces --listen-address=127.0.0.1 --port=${port}`;
  const records = [
    '--address=/www.example.test/192.0.2.7',
    '--txt-record=txt.example.test,hello',
    '--local=/example.test/',
  ];
  start(DNSMASQ, [...words.split(' '), ...records, `--pid-file=${dir}/dnsmasq.pid`]);
  await passes('dns name=www.example.test record=A', port);
  await passes('dns name=txt.example.test. record=TXT', port);
  assert.equal(await reasonFor('dns name=none.example.test record=A', { port }), 'the answer is NXDOMAIN');
  assert.equal(await reasonFor('dns name=elsewhere.test record=A', { port }), 'the answer is REFUSED');
});

/** A user without a right, for servers that refuse to be root. */
const nobody = { uid: 65_534, gid: 65_534 };
const asNobody = process.geteuid?.() === 0 ? nobody : undefined;

function ownFolder(name: string): string {
  const folder = join(dir, name);
  chmodSync(dir, 0o755);
  mkdirSync(folder, { mode: 0o700 });
  if (asNobody) chownSync(folder, nobody.uid, nobody.gid);
  return folder;
}

const POSTGRES = '/usr/lib/postgresql/15/bin';

test('postgres: takes connections, or says why not', { skip: missing(`${POSTGRES}/initdb`) }, async () => {
  const port = await closedPort();
  const folder = ownFolder('postgres');
  const made = ['-D', folder, '-U', 'moat', '-A', 'scram-sha-256', '--pwfile', '/etc/hostname', '--no-sync'];
  execFileSync(`${POSTGRES}/initdb`, made, { stdio: 'ignore', cwd: '/', ...asNobody });
  const words = `-D ${folder} -p ${port} -c listen_addresses=127.0.0.1 -c fsync=off -c unix_socket_directories=${folder}`;
  start(`${POSTGRES}/postgres`, words.split(' '), asNobody);
  await passes('postgres user=moat database=postgres', port);
});

const MARIADB = '/usr/sbin/mariadbd';
const MARIADB_INSTALL = '/usr/bin/mariadb-install-db';

test('mariadb: a greeting, a login, and one that is refused', {
  skip: missing(MARIADB, MARIADB_INSTALL, '/usr/bin/my_print_defaults'),
}, async () => {
  const port = await closedPort();
  const folder = ownFolder('mariadb');
  const common = [`--datadir=${folder}`];
  execFileSync(MARIADB_INSTALL, ['--no-defaults', ...common, '--auth-root-authentication-method=normal'], {
    stdio: 'ignore',
    cwd: '/',
    ...asNobody,
  });
  writeFileSync(
    join(folder, 'init.sql'),
    "CREATE USER 'check'@'127.0.0.1';\nCREATE USER 'shut'@'127.0.0.1' IDENTIFIED BY 'x';\n",
  );
  const words = [
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${folder}/s`,
    `--init-file=${folder}/init.sql`,
  ];
  start(
    MARIADB,
    ['--no-defaults', ...common, ...words, '--skip-name-resolve', `--pid-file=${folder}/pid`],
    asNobody,
  );
  await passes('mysql', port);
  await passes('mysql user=check', port);
  assert.match(await reasonFor('mysql user=shut', { port }), /^Access denied for user 'shut'/);
});
