/** How much of the way without a balancer is left: a client to nginx directly, by moat in each mode, by nginx stream and by HAProxy. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DirectorBuild } from '../../l4/programs.ts';
import type { ForwardMode } from '../../model/l4/virtual-server.ts';
import { Site, VIP4 } from '../../test/l4/site.ts';
import type { Host } from '../../test/lab/lab.ts';
import { type Spread, spread } from '../l7/rounds.ts';
import { BESIDE_THE_DIRECTOR, keepApart } from './apart.ts';
import type { Options, PartName } from './options.ts';

/** Ports of the peers on the director's own address. */
const DIRECTOR = '10.0.0.2';
const REAL = '10.0.0.11';
const REAL_UNTRANSLATED = '10.0.0.111';
const PEER_PORTS = { nginx: 8001, haproxy: 8002 } as const;
/** A peer's port for bulk is so much above the one for requests. */
const TO_BULK = 100;

export const PATH_COLUMNS = ['requests', 'connections', 'bulkMbit', 'medianUs', 'p99Us'] as const;
type Column = (typeof PATH_COLUMNS)[number];
/** Requests a second on kept connections and their latencies; connections a second, each for one request; bulk up. */
type Sample = Record<Column, number>;

export type PathRow = Record<Column, Spread> & {
  readonly part: PartName;
  readonly name: string;
  /** Of the first row's in the same round. */
  readonly ofFirst: Record<Column, Spread>;
};

type Path = {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly before?: () => Promise<void>;
  readonly after?: () => Promise<void>;
};

async function output(host: Host, ...words: string[]): Promise<string> {
  const { status, stdout, stderr } = await host.run(...words);
  if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}

const UNITS_US: Record<string, number> = { us: 1, ms: 1e3, s: 1e6 };

async function wrk(site: Site, { address, port }: Path, seconds: number, ...more: string[]) {
  const url = `http://${address}:${port}/`;
  const text = await output(site.client, 'wrk', '-t1', '-c16', `-d${seconds}s`, '--latency', ...more, url);
  if (/Socket errors|Non-2xx/.test(text)) throw new Error(`${url}: ${text}`);
  const at = (share: string) => {
    const [, value = '0', unit = 'us'] = new RegExp(`${share}%\\s+([\\d.]+)(us|ms|s)`).exec(text) ?? [];
    return Number(value) * UNITS_US[unit]!;
  };
  return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)![1]), medianUs: at('50'), p99Us: at('99') };
}

/** Megabits per second up: the direction that every mode carries. */
async function bulk(site: Site, address: string, port: number, seconds: number): Promise<number> {
  const text = await output(
    site.client,
    'iperf3',
    '-c',
    address,
    '-p',
    String(port),
    '-t',
    String(seconds),
    '-J',
  );
  return JSON.parse(text).end.sum_received.bits_per_second / 1e6;
}

async function sample(site: Site, path: Path, seconds: number): Promise<Sample> {
  await path.before?.();
  const { rate, medianUs, p99Us } = await wrk(site, path, seconds);
  const { rate: connections } = await wrk(site, path, seconds, '-H', 'Connection: close');
  const bulkPort = path.port === 80 ? 5201 : path.port + TO_BULK;
  const bulkMbit = await bulk(site, path.address, bulkPort, seconds);
  await path.after?.();
  return { requests: rate, connections, bulkMbit, medianUs, p99Us };
}

const spreads = (values: (column: Column) => number[]) =>
  Object.fromEntries(PATH_COLUMNS.map(column => [column, spread(values(column))])) as Record<Column, Spread>;

/** One network; the paths are measured in turns, so that a busy second falls on all of them. */
async function measure(
  part: PartName,
  site: Site,
  paths: readonly Path[],
  { rounds, seconds }: Options,
): Promise<PathRow[]> {
  const samples = new Map(paths.map(path => [path, [] as Sample[]]));
  for (let round = 0; round < rounds; round++)
    for (const path of paths) samples.get(path)!.push(await sample(site, path, seconds));
  const first = samples.get(paths[0]!)!;
  return [...samples].map(([{ name }, list]) => ({
    part,
    name,
    ...spreads(column => list.map(one => one[column])),
    ofFirst: spreads(column => list.map((one, round) => one[column] / first[round]![column])),
  }));
}

function peerConfigs(dir: string): { nginx: string; haproxy: string } {
  const nginx = join(dir, 'nginx.conf');
  const haproxy = join(dir, 'haproxy.cfg');
  const server = (port: number, to: number) => `server { listen ${port}; proxy_pass ${REAL}:${to}; }`;
  writeFileSync(
    nginx,
    `load_module /usr/lib/nginx/modules/ngx_stream_module.so; daemon off; master_process off; pid ${dir}/pid;
     events { worker_connections 4096; } stream { ${server(PEER_PORTS.nginx, 80)} ${server(PEER_PORTS.nginx + TO_BULK, 5201)} }`,
  );
  const listen = (name: string, port: number, to: number) =>
    `listen ${name}\n bind :${port}\n server one ${REAL}:${to}\n`;
  writeFileSync(
    haproxy,
    `global\n nbthread 1\ndefaults\n mode tcp\n timeout client 60s\n timeout server 60s\n timeout connect 5s\n` +
      `${listen('web', PEER_PORTS.haproxy, 80)}${listen('bulk', PEER_PORTS.haproxy + TO_BULK, 5201)}`,
  );
  return { nginx, haproxy };
}

/** Port 0: all ports of the virtual address, for requests and bulk alike. Ports of the pool last for all connections of a run. */
function tablesFor(site: Site, mode: ForwardMode, tunnel: 'ipip' | 'gue' = 'ipip') {
  const tables = site.tables(mode, { tunnel });
  const sourcePools = tables.settings.sourcePools.map(pool => ({
    ...pool,
    firstPort: 1024,
    lastPort: 65535,
  }));
  return {
    ...tables,
    settings: { ...tables.settings, sourcePools },
    services: tables.services.map(service => ({
      ...service,
      endpoints: service.endpoints.map(endpoint => ({ ...endpoint, port: 0 })),
      reals: service.reals.map(real => ({ ...real, port: 0 })),
    })),
  };
}

async function start(site: Site): Promise<void> {
  await site.serve();
  site.reals[0]!.start('iperf3', '-s');
  await site.reals[0]!.listening(5201);
  await site.start();
}

const direct: Path = { name: 'direct', address: REAL, port: 80 };

const by = (site: Site, mode: ForwardMode, build: DirectorBuild, tunnel?: 'ipip' | 'gue'): Path => ({
  name: `moat ${tunnel ?? mode}, ${build}`,
  address: VIP4,
  port: 80,
  before: () => site.direct(tablesFor(site, mode, tunnel), build),
});

const macOf = (host: Host): string => /link\/ether (\S+)/.exec(host.do('ip link show eth0'))![1]!;

/** What the way by the director's host costs, whoever stands there: frames are only sent on. */
function least(site: Site): Path {
  const script = join(import.meta.dirname, 'least-host.ts');
  const run = (...words: string[]) => output(site.directorHost, process.execPath, script, 'eth0', ...words);
  return {
    name: 'the least, tc',
    address: VIP4,
    port: 80,
    before: async () => {
      await site.detach();
      await run(VIP4, macOf(site.reals[0]!), macOf(site.directorHost), '80', '5201');
    },
    after: async () => void (await run()),
  };
}

/** @param by what they are started by */
async function startPeers(site: Site, dir: string, by: readonly string[]): Promise<Path[]> {
  const { nginx, haproxy } = peerConfigs(dir);
  site.directorHost.start(...by, 'nginx', '-e', `${dir}/error.log`, '-c', nginx);
  site.directorHost.start(...by, 'haproxy', '-db', '-f', haproxy);
  await site.directorHost.listening(PEER_PORTS.nginx);
  await site.directorHost.listening(PEER_PORTS.haproxy);
  return [
    { name: 'nginx stream', address: DIRECTOR, port: PEER_PORTS.nginx },
    { name: 'HAProxy tcp', address: DIRECTOR, port: PEER_PORTS.haproxy },
  ];
}

/** @param apart the director has a processor of its own */
async function switched(options: Options, apart: boolean): Promise<PathRow[]> {
  const dir = mkdtempSync(join(tmpdir(), 'moat-paths-'));
  try {
    await using site = new Site(1);
    using _ends = apart ? await keepApart(site) : undefined;
    site.holdAddresses();
    await start(site);
    const peers = await startPeers(site, dir, apart ? BESIDE_THE_DIRECTOR : []);
    return await measure(
      apart ? 'apart' : 'switched',
      site,
      [direct, least(site), by(site, 'dr', 'tc'), by(site, 'fullnat', 'tc'), ...peers],
      options,
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/**
 * The way without a balancer leads to another address of the real server. By the same one it would see the client's ports twice, those of
 * one way still in TIME_WAIT when they come by the other: such SYNs are answered only when they are sent again a second later.
 */
async function routed(options: Options): Promise<PathRow[]> {
  await using site = new Site(1);
  site.routeBack();
  site.directorHost.do('sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0');
  site.directorHost.do('sysctl -qw net.ipv4.conf.eth0.send_redirects=0');
  await start(site);
  site.reals[0]!.do(`ip address add ${REAL_UNTRANSLATED}/24 dev eth0`);
  const plain: Path = { name: 'routed', address: REAL_UNTRANSLATED, port: 80, before: () => site.detach() };
  return await measure('routed', site, [plain, by(site, 'nat', 'tc')], options);
}

async function tunnels(options: Options): Promise<PathRow[]> {
  const rows: PathRow[] = [];
  for (const tunnel of ['ipip', 'gue'] as const) {
    await using site = new Site(1);
    await site.joinTunnels(tunnel);
    await start(site);
    rows.push(
      ...(await measure(
        'tunnels',
        site,
        [{ ...direct, name: `direct, beside ${tunnel}` }, by(site, 'tun', 'tc', tunnel)],
        options,
      )),
    );
  }
  return rows;
}

async function xdp(options: Options): Promise<PathRow[]> {
  await using site = new Site(1);
  await site.fitForXdp();
  site.holdAddresses();
  await start(site);
  const paths = (['dr', 'fullnat'] as const).flatMap(mode => [by(site, mode, 'xdp'), by(site, mode, 'tc')]);
  return await measure('xdp', site, [direct, ...paths], options);
}

export const PATH_PARTS: readonly {
  name: PartName;
  title: string;
  run(options: Options): Promise<PathRow[]>;
}[] = [
  {
    name: 'switched',
    title: 'client, director and real server on one switch',
    run: options => switched(options, false),
  },
  {
    name: 'apart',
    title: 'the same, and the director has a processor of its own',
    run: options => switched(options, true),
  },
  { name: 'routed', title: 'two networks, with the director as the router between them', run: routed },
  { name: 'tunnels', title: 'the far end unwraps by XDP; on veth that takes its offloads', run: tunnels },
  { name: 'xdp', title: 'veth without offloads, as XDP needs them', run: xdp },
];
