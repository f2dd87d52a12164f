/** What all scenarios share: the servers behind the proxies, the certificate, and how a proxy is started for a plan. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { get as getTls } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../test/e2e/rig.ts';
import type { Child, Children } from './children.ts';
import { type Cores, cores } from './machine.ts';
import type { Options } from './options.ts';
import { FULL_FIELDS, type Peer, type Plan } from './peers.ts';

export type Stage = {
  readonly children: Children;
  readonly options: Options;
  readonly cores: Cores;
  readonly directory: string;
  /** Ports of two servers: a small answer everywhere, and 1 MB at /big. */
  readonly servers: readonly number[];
  readonly tls: NonNullable<Plan['tls']>;
};

/** A proxy that answers. */
export type Running = {
  readonly peer: Peer;
  readonly child: Child;
  readonly port: number;
  readonly directory: string;
  readonly text: string;
  /** Fields that every request of the load carries: those of the work, and the cookie that the proxy gave. */
  readonly fields: Readonly<Record<string, string>>;
};

const SMALL = 'x'.repeat(100);
const BIG_BYTES = 1_000_000;

export async function startStage(children: Children, options: Options): Promise<Stage> {
  const directory = mkdtempSync(join(tmpdir(), 'moat-bench-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  execFileSync('chmod', ['755', directory]); // nginx's workers leave root
  const tls = certificate(directory);
  const servers = await freePorts(2);
  const stage = { children, options, cores: cores(), directory, servers, tls };
  writeFileSync(join(directory, 'big'), Buffer.alloc(BIG_BYTES, 'moat '));
  writeFileSync(join(directory, 'servers.conf'), serversConf(directory, servers));
  const argv = [
    '/usr/sbin/nginx',
    '-p',
    directory,
    '-c',
    'servers.conf',
    '-e',
    'servers.log',
    '-g',
    'daemon off;',
  ];
  const child = children.spawn(argv, { cores: stage.cores.server });
  for (const port of servers) await answer(child, port, {});
  return stage;
}

function serversConf(directory: string, ports: readonly number[]): string {
  const temp = ['client_body', 'proxy', 'fastcgi', 'scgi', 'uwsgi']
    .map(kind => `${kind}_temp_path temp_${kind};`)
    .join(' ');
  const one = (port: number) => `server { listen 127.0.0.1:${port} backlog=4096; root ${directory};
    location / { default_type text/plain; return 200 "${SMALL}"; } location = /big { } }`;
  return `worker_processes 1; pid servers.pid; error_log servers.log warn; events { worker_connections 15000; }
http { access_log off; ${temp} sendfile on; keepalive_timeout 600s; keepalive_requests 1000000000; ${ports.map(one).join('\n')} }`;
}

function certificate(directory: string): Stage['tls'] {
  const [certificate, key, both] = ['cert.pem', 'key.pem', 'both.pem'].map(name => join(directory, name)) as [
    string,
    string,
    string,
  ];
  const kind = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=bench.example',
  ];
  execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', certificate], {
    stdio: 'ignore',
  });
  writeFileSync(both, readFileSync(certificate, 'latin1') + readFileSync(key, 'latin1'));
  return { certificate, key, both };
}

/** Starts a proxy for the work on a free port and waits until it answers. */
export async function startPeer(
  stage: Stage,
  peer: Peer,
  work: Plan['work'],
  secure: boolean,
): Promise<Running> {
  const [port = 0] = await freePorts(1);
  const plan: Plan = { port, work, servers: stage.servers, ...(secure ? { tls: stage.tls } : {}) };
  const { text, argv } = peer.configure(plan, stage.options.moat);
  return await startConfigured(stage, peer, port, text, argv, work === 'full' ? FULL_FIELDS : {}, secure);
}

/** Starts a proxy on a configuration text. */
export async function startConfigured(
  stage: Stage,
  peer: Peer,
  port: number,
  text: string,
  argv: readonly string[],
  fields: Readonly<Record<string, string>> = {},
  secure = false,
): Promise<Running> {
  const directory = join(stage.directory, `${peer.name}-${port}`);
  mkdirSync(directory);
  writeFileSync(join(directory, 'conf'), text);
  const output = openSync(join(directory, 'stdout.log'), 'w'); // HAProxy logs there
  const child = stage.children.spawn(argv, { cores: stage.cores.proxy, cwd: directory, stdout: output });
  closeSync(output);
  const cookie = await answer(child, port, { ...fields, Host: 'bench.example' }, secure);
  return {
    peer,
    child,
    port,
    directory,
    text,
    fields: { ...fields, Host: 'bench.example', ...(cookie ? { Cookie: cookie } : {}) },
  };
}

/** Waits for a first 200. @returns the cookie that it sets @throws when the program ends, or after 30 s */
async function answer(child: Child, port: number, headers: Readonly<Record<string, string>>, secure = false) {
  for (let waitedMs = 0; waitedMs < 30_000; waitedMs += 20) {
    if (child.process.exitCode !== null) throw new Error(`A program ended at its start: ${child.output()}`);
    const cookie = await ask(port, headers, secure);
    if (cookie !== undefined) return cookie;
    await sleep(20);
  }
  throw new Error(`A program does not answer: ${child.output()}`);
}

/** One request. @returns undefined unless the answer is 200, else the first cookie as a client sends it back, or '' */
function ask(
  port: number,
  headers: Readonly<Record<string, string>>,
  secure: boolean,
): Promise<string | undefined> {
  return new Promise(done => {
    const options = {
      port,
      host: '127.0.0.1',
      headers,
      agent: false,
      rejectUnauthorized: false,
      servername: 'bench.example',
    };
    const request = (secure ? getTls : get)(options, response => {
      response.resume().once('end', () => {
        done(
          response.statusCode === 200
            ? (response.headers['set-cookie']?.[0]?.split(';')[0] ?? '')
            : undefined,
        );
      });
    });
    request.once('error', () => done(undefined));
  });
}
