/** A real ACME server (Debian's pebble) and the name server that it asks (pebble-challtestsrv), on ports of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { request as requestTls } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, until } from '../../e2e/rig.ts';
import { Authority } from '../../l7/authority.ts';

const PROGRAMS = ['pebble', 'pebble-challtestsrv'].map(name => `/usr/bin/${name}`);

/** Why tests with it cannot run here; false: they can. */
export const skip = PROGRAMS.every(path => existsSync(path)) ? false : 'there is no pebble on this machine';

export interface PebbleOptions {
  /** Where it asks, as the ports 80 and 443 of the world. */
  readonly httpPort: number;
  readonly tlsPort?: number;
  /** Percent of the nonces that it refuses. */
  readonly badNonces?: number;
  /** Of external accounts: kid → key in base64url. */
  readonly external?: Readonly<Record<string, string>>;
  readonly alternateRoots?: number;
}

export interface Pebble extends AsyncDisposable {
  readonly uri: string;
  /** PEM of who has issued the certificate of its own server. */
  readonly ca: string;
  readonly port: number;
  /** Lines that the hook of dns-01 needs: where the name server takes records. */
  readonly dnsUrl: string;
  /** Valid or Revoked, by a serial number in hexadecimal. */
  statusOf(serial: string): Promise<string>;
  /** What it has said. */
  output(): string;
  /** Has names lead elsewhere. */
  tellDns(path: string, body: object): Promise<void>;
  /** Ends it, and starts one that has forgotten all. */
  restart(): Promise<void>;
}

export async function startPebble(options: PebbleOptions): Promise<Pebble> {
  const { httpPort, tlsPort = 1, badNonces = 0, external, alternateRoots = 0 } = options;
  const [port = 0, management = 0, dns = 0, dnsOrders = 0] = await freePorts(4);
  const dir = mkdtempSync(join(tmpdir(), 'pebble-'));
  using authority = new Authority('Pebble CA');
  const own = authority.issue('localhost', { names: ['localhost'] });
  const at = (name: string) => join(dir, name);
  writeFileSync(at('cert.pem'), own.cert);
  writeFileSync(at('key.pem'), own.key);
  const config = {
    ...{ listenAddress: `127.0.0.1:${port}`, managementListenAddress: `127.0.0.1:${management}` },
    ...{ certificate: at('cert.pem'), privateKey: at('key.pem'), httpPort, tlsPort, ocspResponderURL: '' },
    ...{ externalAccountBindingRequired: external !== undefined, externalAccountMACKeys: external ?? {} },
  };
  writeFileSync(at('config.json'), JSON.stringify({ pebble: config }));
  const env = {
    ...{ PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: String(badNonces), PEBBLE_AUTHZREUSE: '0' },
    PEBBLE_ALTERNATE_ROOTS: String(alternateRoots),
  };
  const names = run('pebble-challtestsrv', [
    ...['-management', `127.0.0.1:${dnsOrders}`, '-dns01', `127.0.0.1:${dns}`, '-defaultIPv6', ''],
    ...['-http01', '', '-https01', '', '-tlsalpn01', ''],
  ]);
  const args = ['-config', at('config.json'), '-dnsserver', `127.0.0.1:${dns}`, '-strict'];
  let server = run('pebble', args, env);
  // It says so before it does.
  const listens = () => until(() => accepts(port), 'pebble to listen');
  await listens();
  return {
    ...{
      uri: `https://localhost:${port}/dir`,
      ca: authority.cert,
      port,
      dnsUrl: `http://127.0.0.1:${dnsOrders}`,
    },
    output: () => server.said(),
    statusOf: async serial => {
      const ask = { host: 'localhost', port: management, path: `/cert-status-by-serial/${serial}` };
      const asking = requestTls({ ...ask, ca: authority.cert });
      asking.end();
      const [response] = (await once(asking, 'response')) as [IncomingMessage];
      return JSON.parse(Buffer.concat(await response.toArray()).toString()).Status;
    },
    tellDns: (path, body) => post(dnsOrders, path, JSON.stringify(body)),
    restart: async () => {
      await server.end();
      server = run('pebble', args, env);
      await listens();
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([server.end(), names.end()]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child: ChildProcess = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', text => (said += text));
  const ended = new Promise<void>(done => child.once('exit', () => done()));
  return {
    said: () => said,
    end: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

const accepts = (port: number): Promise<boolean> =>
  new Promise(done => {
    const socket = connect(port, '127.0.0.1', () => done(true));
    socket.once('error', () => done(false)).once('connect', () => socket.destroy());
  });

const post = (port: number, path: string, body: string): Promise<void> =>
  new Promise((done, fail) => {
    const asking = request({ host: '127.0.0.1', port, path, method: 'POST' }, response => {
      response.resume().once('end', () => (response.statusCode === 200 ? done() : fail(new Error(path))));
    });
    asking.once('error', fail).end(body);
  });
