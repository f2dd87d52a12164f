/** Health checks of every kind through a running moat: each real server is seen alive, then ill with the reason, then alive again. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { L4Figures } from '../../l4/figures.ts';
import { selfSigned } from '../l4/health/tls-peer.ts';
import { programMissing } from '../l4/program.ts';
import { type Host, labMissing, until } from '../lab/lab.ts';
import { Site, VIP } from './l4-site.ts';

const skip = labMissing('nginx', 'dnsmasq', 'redis-server', 'redis-cli', 'openssl') || programMissing();
const REAL = '192.0.2.11';
/** An address of the real server's host that goes when it is ill. */
const PINGED = '192.0.2.31';
const DIGEST = createHash('sha256').update('ready\n').digest('hex');

interface Kind {
  readonly check: string;
  /** Of the real server. */
  readonly port: number;
  readonly ill: RegExp;
}

const kinds = (dir: string): Record<string, Kind> => ({
  connection: { check: 'tcp', port: 8083, ill: /^tcp: connection refused$/ },
  talk: {
    check: 'tcp "send=hello\\r\\n" expect=^well',
    port: 7001,
    ill: /^tcp: "not now\\x0d\\x0a" does not match, and no more came within 2000 ms$/,
  },
  http: { check: 'http uri=/up', port: 8080, ill: /^http: status 503$/ },
  http10: { check: 'http version=1.0 uri=/up status=200,204', port: 8080, ill: /^http: status 503$/ },
  http2: { check: 'http version=2 uri=/up', port: 8082, ill: /^http: status 503$/ },
  range: { check: 'http uri=/range status=200-204', port: 8080, ill: /^http: status 302$/ },
  header: {
    check: 'http uri=/up header=X-Version:^7$ status=200-599',
    port: 8080,
    ill: /^http: there is no header x-version$/,
  },
  body: { check: 'http uri=/text body=^ready', port: 8080, ill: /^http: the body does not match$/ },
  digest: {
    check: `http uri=/text digest=${DIGEST}`,
    port: 8080,
    ill: /^http: the digest of the body is [0-9a-f]{64}$/,
  },
  host: { check: 'http uri=/ host=named.test', port: 8080, ill: /^http: status 404$/ },
  https: {
    check: 'https host=peer.test sni=peer.test uri=/up expiry_warning=90d',
    port: 8443,
    ill: /^https: status 503$/,
  },
  https2: {
    check: 'https version=2 host=peer.test uri=/up verify ca=DIR/cert.pem'.replace('DIR', dir),
    port: 8443,
    ill: /^https: status 503$/,
  },
  dns: { check: 'dns name=www.example.test record=A', port: 53, ill: /^dns: the answer is NXDOMAIN$/ },
  udp: { check: 'udp send=ping expect=^pong', port: 7002, ill: /^udp: "no" does not match$/ },
  ping: { check: `ping address=${PINGED}`, port: 8080, ill: /^ping: / },
  smtp: { check: 'smtp', port: 7025, ill: /^smtp: the greeting is "554 closed for today"$/ },
  grpc: { check: 'grpc', port: 7050, ill: /^grpc: the service is NOT_SERVING$/ },
  redis: { check: 'redis', port: 6379, ill: /^redis: the answer to PING is "-NOAUTH / },
  mysql: { check: 'mysql user=moat', port: 7306, ill: /^mysql: Access denied$/ },
  postgres: { check: 'postgres', port: 7432, ill: /^postgres: the database system is shutting down$/ },
  script: {
    check: `script "command=/usr/bin/test ! -e ${dir}/ill" user=nobody`,
    port: 8080,
    ill: /^script: exit code 1$/,
  },
  slow: { check: `script command=${dir}/slow`, port: 8080, ill: /^script: no answer within 2000 ms$/ },
  file: { check: `file path=${dir}/word`, port: 8080, ill: /^file: / },
});

const nginx = (dir: string) => `daemon off; pid ${dir}/nginx.pid; error_log ${dir}/nginx.log; events {}
  http { access_log off; client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f;
    uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
    server { listen 8080 default_server; listen 8082 http2;
      location = /up { if (-f ${dir}/ill) { return 503; } add_header X-Version 7; return 200 "ready\\n"; }
      location = /range { if (-f ${dir}/ill) { return 302 /; } return 204; }
      location = /text { if (-f ${dir}/ill) { return 200 "other\\n"; } return 200 "ready\\n"; } }
    server { listen 8080; server_name named.test; location / { if (-f ${dir}/ill) { return 404; } return 200; } }
    server { listen 8443 ssl http2 default_server; server_name other.test;
      ssl_certificate ${dir}/cert.pem; ssl_certificate_key ${dir}/key.pem; return 421; }
    server { listen 8443 ssl http2; server_name peer.test; ssl_certificate ${dir}/cert.pem; ssl_certificate_key ${dir}/key.pem;
      location = /up { if (-f ${dir}/ill) { return 503; } return 200; } } }`;

/** The real server's host, with all that is asked in it. */
class Peers {
  readonly #host: Host;
  readonly #dir: string;

  constructor(host: Host, dir: string) {
    this.#host = host;
    this.#dir = dir;
  }

  async start(): Promise<void> {
    const [host, dir] = [this.#host, this.#dir];
    chmodSync(dir, 0o755); // scripts are run by nobody
    const { key, cert } = selfSigned(30);
    writeFileSync(join(dir, 'key.pem'), key);
    writeFileSync(join(dir, 'cert.pem'), cert);
    writeFileSync(join(dir, 'nginx.conf'), nginx(dir));
    writeFileSync(join(dir, 'slow'), `#!/bin/sh\ntest ! -e ${dir}/ill || sleep 600\n`, { mode: 0o755 });
    host.start('nginx', '-p', dir, '-c', join(dir, 'nginx.conf'), '-e', join(dir, 'nginx.log'));
    const small = host.start(process.execPath, join(import.meta.dirname, 'check-peers.ts'), join(dir, 'ill'));
    small.stderr!.on('data', piece => process.stderr.write(piece));
    host.start('redis-server', '--port', '6379', '--save', '', '--dir', dir, '--protected-mode', 'no');
    this.#listen();
    await this.heal();
    for (const port of [8080, 8443, 6379, 7001, 7050]) await host.listening(port);
  }

  /** A server that is there, or not at all. */
  #plain: ReturnType<Host['start']> | undefined;
  #listen(): void {
    const program = `require('node:net').createServer(socket => socket.on('error', () => {}).end()).listen(8083)`;
    this.#plain = this.#host.start(process.execPath, '-e', program);
  }

  #dns: ReturnType<Host['start']> | undefined;
  async #serveNames(record: string): Promise<void> {
    await stop(this.#dns);
    const words = `--no-daemon --no-resolv --no-hosts --port=53 --local=/example.test/ --pid-file=${this.#dir}/dns.pid`;
    this.#dns = this.#host.start('dnsmasq', ...words.split(' '), `--address=/${record}/192.0.2.7`);
  }

  async harm(): Promise<void> {
    writeFileSync(join(this.#dir, 'ill'), '');
    writeFileSync(join(this.#dir, 'word'), 'down\n');
    await this.#serveNames('another.example.test');
    await stop(this.#plain);
    this.#host.do(`ip address delete ${PINGED}/24 dev eth0`);
    this.#host.do('redis-cli config set requirepass secret');
  }

  async heal(): Promise<void> {
    const wasIll = existsSync(join(this.#dir, 'ill'));
    rmSync(join(this.#dir, 'ill'), { force: true });
    writeFileSync(join(this.#dir, 'word'), 'up\n');
    await this.#serveNames('www.example.test');
    this.#host.do(`ip address add ${PINGED}/24 dev eth0`);
    if (!wasIll) return;
    this.#listen();
    this.#host.do('redis-cli -a secret --no-auth-warning config set requirepass ');
  }
}

async function stop(child: ReturnType<Host['start']> | undefined): Promise<void> {
  if (!child) return;
  const closed = new Promise(done => child.once('close', done));
  child.kill('SIGKILL');
  await closed;
}

test('health checks: each kind sees its server alive, ill and why, and alive again', { skip }, async () => {
  await using site = new Site();
  const peers = new Peers(site.reals[0]!, site.dir);
  await peers.start();
  const all = Object.entries(kinds(site.dir)).map(([name, kind], at) => ({
    ...{ name, ...kind, virtual: `${VIP}:${1000 + at} tcp` },
  }));
  const servers = all.map(
    ({ virtual, port, check }) => `virtual_server ${virtual} { mode nat; real_server ${REAL}:${port};
      health_check ${check} interval=200ms timeout=2s rise=2 fall=2 mandatory; }`,
  );
  site.configure(`l4 { pin_path ${site.pins}/moat; hash_secret 0123456789abcdef; ${servers.join('\n')} }`);
  await site.start();

  const told = (is: 'alive' | 'dead', since: number) =>
    new Map(
      [...site.log.slice(since).matchAll(/of virtual_server (\S+ tcp) is (alive|dead): (.*)/g)]
        .filter(([, , state]) => state === is)
        .map(([, virtual = '', , reason = '']) => [virtual, reason.trim()]),
    );
  const becomes = async (is: 'alive' | 'dead', since: number) => {
    const missing = () => all.filter(({ virtual }) => !told(is, since).has(virtual)).map(({ name }) => name);
    await until(() => missing().length === 0, `all to be ${is}`).catch(fault => {
      throw new Error(`${fault.message}; not: ${missing().join(' ')}\n${site.log.slice(-4000)}`);
    });
    const { services }: L4Figures = JSON.parse(await site.ask('list', '--json'));
    return services.map(({ reals }) => reals[0]!.state);
  };

  assert.deepEqual(new Set(await becomes('alive', 0)), new Set(['alive']));
  assert.match(site.log, /192\.0\.2\.11:8443 of virtual_server 192\.0\.2\.100:\d+ tcp: .*certificate.*end/);
  let since = site.log.length;
  await peers.harm();
  assert.deepEqual(new Set(await becomes('dead', since)), new Set(['dead']));
  const reasons = told('dead', since);
  const wrong = all.filter(({ virtual, ill }) => !ill.test(reasons.get(virtual)!));
  assert.deepEqual(
    wrong.map(({ name, virtual }) => `${name}: ${reasons.get(virtual)}`),
    [],
  );
  since = site.log.length;
  await peers.heal();
  assert.deepEqual(new Set(await becomes('alive', since)), new Set(['alive']));
  assert.equal(readFileSync(join(site.dir, 'word'), 'utf8'), 'up\n');
  await site.kill('SIGTERM');
});
