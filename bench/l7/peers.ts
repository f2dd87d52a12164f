/** The proxies that are compared, each with the configuration that makes it do the same work. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { haproxyConf } from './conf-haproxy.ts';
import { nginxConf } from './conf-nginx.ts';

/** The work to configure. */
export type Plan = {
  readonly port: number;
  /** `plain` passes on; `full` also logs, takes the client's address from a field, maps a field and keeps clients at a server. */
  readonly work: 'plain' | 'full';
  /** Certificate and key in PEM, and both in one file: the listener speaks TLS. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly both: string };
  /** Ports of the servers behind it. */
  readonly servers: readonly number[];
};

export type Peer = {
  readonly name: string;
  /** Whether a just-in-time compiler must settle before it is measured. */
  readonly warmsUp: boolean;
  /** Its version in words, or undefined when it is not installed. */
  version(): string | undefined;
  /** The text of its configuration, and the command line that runs it in the foreground; it stands in the file `conf`. */
  configure(plan: Plan, moat: string): { readonly text: string; readonly argv: readonly string[] };
};

/** What a client offers so that the work of `full` is done on it. */
export const FULL_FIELDS = { 'X-Forwarded-For': '192.0.2.7', 'User-Agent': 'Mozilla/5.0 (X11; Linux) bench' };

const first = (program: string, argument: string): string | undefined => {
  const { stdout, stderr, error } = spawnSync(program, [argument], { encoding: 'utf8' });
  return error ? undefined : (stdout + stderr).split('\n')[0]?.trim();
};

export const PEERS: readonly Peer[] = [
  {
    name: 'moat',
    warmsUp: true,
    version: () => first(resolve(import.meta.dirname, '../../bin/moat'), '-v'),
    configure: (plan, moat) => ({
      text: nginxConf(plan, 'moat'),
      argv: [moat, '-p', './', '-c', 'conf', '-e', 'error.log', '-g', 'daemon off;'],
    }),
  },
  {
    name: 'nginx',
    warmsUp: false,
    version: () => first('/usr/sbin/nginx', '-v'),
    configure: plan => ({
      text: nginxConf(plan, 'nginx'),
      argv: ['/usr/sbin/nginx', '-p', './', '-c', 'conf', '-e', 'error.log', '-g', 'daemon off;'],
    }),
  },
  {
    name: 'haproxy',
    warmsUp: false,
    version: () => first('haproxy', '-v'),
    configure: plan => ({ text: haproxyConf(plan), argv: ['haproxy', '-db', '-f', 'conf'] }),
  },
  {
    name: 'http-proxy',
    warmsUp: true,
    version: () => (peerScriptLoads() ? `http-proxy 1.18.1 on node:http of ${process.version}` : undefined),
    configure: plan => ({
      text: JSON.stringify(plan, null, 1),
      argv: [process.execPath, resolve(import.meta.dirname, 'http-proxy-peer.ts'), 'conf'],
    }),
  },
];

function peerScriptLoads(): boolean {
  try {
    return import.meta.resolve('http-proxy') !== '';
  } catch {
    return false; // the development dependencies are not installed
  }
}
