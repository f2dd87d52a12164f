/** How much of the way without a balancer is left: a client to nginx directly, by moat in each mode, by nginx stream and by HAProxy. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ForwardMode } from '../../model/l4/virtual-server.ts';
import { Site, VIP4 } from '../../test/l4/site.ts';
import type { Host } from '../../test/lab/lab.ts';

const ROUNDS = 3;
const SECONDS = 1;
/** Ports of the peers on the director's own address. */
const DIRECTOR = '10.0.0.2';
const PEER_PORTS = { nginx: 8001, haproxy: 8002 } as const;

export type PathFigures = { requests: number; connections: number; bulkMbit: number; latencyUs: number };
export type PathRow = { name: string; figures: PathFigures };

type Path = { name: string; address: string; port: number; before?: () => Promise<void> };

async function output(host: Host, ...words: string[]): Promise<string> {
  const { status, stdout, stderr } = await host.run(...words);
  if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}

/** Requests per second on kept connections; their median latency. */
async function kept(site: Site, { address, port }: Path): Promise<{ rate: number; latencyUs: number }> {
  const url = `http://${address}:${port}/`;
  const text = await output(site.client, 'wrk', '-t1', '-c16', `-d${SECONDS}s`, '--latency', url);
  if (/Socket errors|Non-2xx/.test(text)) throw new Error(`${url}: ${text}`);
  const [, median = '0', unit = 'us'] = /50%\s+([\d.]+)(us|ms|s)/.exec(text) ?? [];
  const factor = { us: 1, ms: 1e3, s: 1e6 }[unit]!;
  return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)![1]), latencyUs: Number(median) * factor };
}

/** Connections per second, each for one request. */
async function each(site: Site, { address, port }: Path): Promise<number> {
  const url = `http://${address}:${port}/`;
  const text = await output(
    site.client,
    'wrk',
    '-t1',
    '-c16',
    `-d${SECONDS}s`,
    '-H',
    'Connection: close',
    url,
  );
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(text)![1]);
}

/** Megabits per second up: the direction that every mode carries. */
async function bulk(site: Site, { address, port }: Path): Promise<number> {
  const text = await output(
    site.client,
    'iperf3',
    '-c',
    address,
    '-p',
    String(port),
    '-t',
    String(SECONDS),
    '-J',
  );
  return JSON.parse(text).end.sum_received.bits_per_second / 1e6;
}

function peerConfigs(dir: string): { nginx: string; haproxy: string } {
  const nginx = join(dir, 'nginx.conf');
  const haproxy = join(dir, 'haproxy.cfg');
  const server = (port: number, to: number) => `server { listen ${port}; proxy_pass 10.0.0.11:${to}; }`;
  writeFileSync(
    nginx,
    `load_module /usr/lib/nginx/modules/ngx_stream_module.so; daemon off; master_process off; pid ${dir}/pid;
     events { worker_connections 4096; } stream { ${server(PEER_PORTS.nginx, 80)} ${server(PEER_PORTS.nginx + 100, 5201)} }`,
  );
  const listen = (name: string, port: number, to: number) =>
    `listen ${name}\n bind :${port}\n server one 10.0.0.11:${to}\n`;
  writeFileSync(
    haproxy,
    `global\n nbthread 1\ndefaults\n mode tcp\n timeout client 60s\n timeout server 60s\n timeout connect 5s\n` +
      `${listen('web', PEER_PORTS.haproxy, 80)}${listen('bulk', PEER_PORTS.haproxy + 100, 5201)}`,
  );
  return { nginx, haproxy };
}

/** One network; the paths are measured in turns, so that a busy second falls on all of them. */
async function measure(site: Site, paths: Path[]): Promise<PathRow[]> {
  const rounds = new Map<string, PathFigures[]>(paths.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const path of paths) {
      await path.before?.();
      const { rate, latencyUs } = await kept(site, path);
      const connections = await each(site, path);
      const bulkPort = path.port === 80 ? 5201 : path.port + 100;
      const bulkMbit = await bulk(site, { ...path, port: bulkPort });
      rounds.get(path.name)!.push({ requests: rate, connections, bulkMbit, latencyUs });
    }
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;
  return [...rounds].map(([name, list]) => ({
    name,
    figures: {
      requests: median(list.map(one => one.requests)),
      connections: median(list.map(one => one.connections)),
      bulkMbit: median(list.map(one => one.bulkMbit)),
      latencyUs: median(list.map(one => one.latencyUs)),
    },
  }));
}

/** Port 0: all ports of the virtual address, for requests and bulk alike. */
function tablesFor(site: Site, mode: ForwardMode) {
  const tables = site.tables(mode);
  return {
    ...tables,
    services: tables.services.map(service => ({
      ...service,
      endpoints: service.endpoints.map(endpoint => ({ ...endpoint, port: 0 })),
      reals: service.reals.map(real => ({ ...real, port: 0 })),
    })),
  };
}

/** The far end holds the address for dr, and its way back leads by the director for nat; so there are two networks. */
async function site(kind: 'dr' | 'nat'): Promise<Site> {
  const made = new Site(1);
  if (kind === 'dr') made.holdAddresses();
  else {
    made.routeBack();
    made.directorHost.do('sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0');
    made.directorHost.do('sysctl -qw net.ipv4.conf.eth0.send_redirects=0');
  }
  await made.serve();
  made.reals[0]!.start('iperf3', '-s');
  await made.reals[0]!.listening(5201);
  await made.start();
  return made;
}

async function startPeers(made: Site, dir: string): Promise<void> {
  const { nginx, haproxy } = peerConfigs(dir);
  made.directorHost.start('nginx', '-e', `${dir}/error.log`, '-c', nginx);
  made.directorHost.start('haproxy', '-db', '-f', haproxy);
  await made.directorHost.listening(PEER_PORTS.nginx);
  await made.directorHost.listening(PEER_PORTS.haproxy);
}

/** Client, director and real server on one switch. */
export async function switchedRows(): Promise<PathRow[]> {
  const dir = mkdtempSync(join(tmpdir(), 'moat-paths-'));
  try {
    return await comparedWithPeers(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function comparedWithPeers(dir: string): Promise<PathRow[]> {
  await using made = await site('dr');
  await startPeers(made, dir);
  const by = (mode: ForwardMode) => ({
    name: `moat ${mode}, tc`,
    address: VIP4,
    port: 80,
    before: () => made.direct(tablesFor(made, mode)),
  });
  return await measure(made, [
    { name: 'direct', address: '10.0.0.11', port: 80 },
    by('dr'),
    by('fullnat'),
    { name: 'nginx stream', address: DIRECTOR, port: PEER_PORTS.nginx },
    { name: 'HAProxy tcp', address: DIRECTOR, port: PEER_PORTS.haproxy },
  ]);
}

/** Without a balancer packets pass the director's host here as well: it is their router. */
export async function routedRows(): Promise<PathRow[]> {
  await using made = await site('nat');
  return await measure(made, [
    // Nothing may translate here: a client that reaches a real server both ways would meet its own ports.
    { name: 'routed', address: '10.0.0.11', port: 80, before: () => made.detach() },
    { name: 'moat nat, tc', address: VIP4, port: 80, before: () => made.direct(tablesFor(made, 'nat')) },
  ]);
}
