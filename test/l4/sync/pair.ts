/** Two directors in the lab that share virtual addresses by VRRP and keep each other's flows; a client and two real servers. */
import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ClusterFigures } from '../../../cluster/plane.ts';
import { killAll } from '../../../control/box/net/namespace.ts';
import type { SyncFigures } from '../../../l4/plane.ts';
import type { ForwardMode } from '../../../model/l4/virtual-server.ts';
import { Moat } from '../../e2e/tiers/tiers.ts';
import { makeBpfFolder, removeBpfFolder } from '../../lab/bpf-folder.ts';
import { type Host, Lab, until } from '../../lab/lab.ts';

export const VIPS = ['10.8.0.100', 'fd08::100'];
export const PORT = 7000;
/** Where real servers find the way back, and what they see of fullnat. */
const GATEWAYS = ['10.7.0.254', 'fd07::254'];
const POOLS = ['10.7.0.200', 'fd07::200'];
export const KEY = 'a key that both of them know';
export const SYNC_PORT = 8473;
export const PATHS = [
  ['10.8.0.2', '10.8.0.3'],
  ['10.9.0.2', '10.9.0.3'],
] as const;

export interface Report {
  readonly open: number;
  readonly lost: readonly string[];
  readonly behind: number;
  readonly silent: number;
  readonly silenceMs: readonly number[];
}

/** The client at work. */
export class Crowd {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(client: Host, count: number, addresses = VIPS) {
    this.child = client.start(
      process.execPath,
      join(import.meta.dirname, 'crowd.ts'),
      `${count}`,
      `${PORT}`,
      ...addresses,
    );
    this.child.stderr!.pipe(process.stderr);
    this.#lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  async answer(): Promise<Report> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('The client has ended');
    return JSON.parse(value);
  }

  async ask(line: 'mark' | 'report' | `add ${number}`): Promise<Report> {
    this.child.stdin!.write(`${line}\n`);
    return await this.answer();
  }
}

export interface PairOptions {
  readonly mode: ForwardMode;
  readonly scheduler?: string;
  /** Lines of the virtual servers, of the l4 block, and of flow_sync. */
  readonly service?: string;
  /** Lines of those of TCP alone. */
  readonly tcp?: string;
  readonly l4?: string;
  readonly advertMs?: number;
}

export class SyncPair implements AsyncDisposable {
  readonly lab = new Lab();
  readonly client: Host;
  readonly directors: readonly [Moat, Moat];
  readonly reals: readonly Host[];
  readonly #pins = makeBpfFolder();
  readonly #options: PairOptions;
  readonly #ports: { readonly host: Host; readonly network: string; readonly port: string }[] = [];

  constructor(options: PairOptions) {
    this.#options = options;
    for (const name of ['out', 'in', 'heart']) this.lab.network(name);
    this.client = this.#host('client', { eth0: ['10.8.0.1/24', 'fd08::1/64'] });
    const directors = [2, 3].map(last =>
      this.#host(`d${last}`, {
        eth0: [`10.8.0.${last}/24`, `fd08::${last}/64`],
        eth1: [`10.7.0.${last}/24`, `fd07::${last}/64`],
        eth2: [`10.9.0.${last}/24`],
      }),
    );
    for (const { port } of directors.flatMap(host => this.#portsOf(host))) this.#keepFloodsAway(port);
    this.directors = [new Moat(directors[0]!), new Moat(directors[1]!)];
    this.reals = [11, 12].map(last => this.#real(last));
  }

  #host(name: string, interfaces: Record<string, string[]>): Host {
    const host = this.lab.host(name);
    const networks = { eth0: 'out', eth1: 'in', eth2: 'heart' } as Record<string, string>;
    for (const [at, addresses] of Object.entries(interfaces)) {
      const network = networks[at]!;
      this.#ports.push({ host, network, port: this.lab.wire(host, at, network, { addresses }) });
    }
    return host;
  }

  get #translates(): boolean {
    return this.#options.mode === 'nat' || this.#options.mode === 'fullnat';
  }

  #realAddress(last: number, family: 4 | 6): string {
    const net = this.#translates ? 7 : 8;
    return family === 4 ? `10.${net}.0.${last}` : `fd0${net}::${last}`;
  }

  #real(last: number): Host {
    const host = this.lab.host(`r${last}`);
    const addresses = [`${this.#realAddress(last, 4)}/24`, `${this.#realAddress(last, 6)}/64`];
    this.lab.wire(host, 'eth0', this.#translates ? 'in' : 'out', { addresses });
    if (this.#translates) {
      host.do(`ip route add default via ${GATEWAYS[0]}`);
      host.do(`ip -6 route add default via ${GATEWAYS[1]}`);
    } else {
      host.do('sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2');
      host.do(`ip address add ${VIPS[0]}/32 dev lo`);
      host.do(`ip address add ${VIPS[1]}/128 dev lo nodad`);
    }
    return host;
  }

  /** What the director at that place is told. @param changes are made to the text */
  text(at: 0 | 1, changes: (text: string) => string = text => text): string {
    const { mode, scheduler = 'rr', service = '', tcp = '', l4 = '', advertMs = 100 } = this.#options;
    const isFullnat = mode === 'fullnat';
    const inside = this.#translates ? [...GATEWAYS, ...(isFullnat ? POOLS : [])] : [];
    const instance = (name: string, family: 4 | 6, on: string, vrid: number, addresses: string[]) => {
      const own = addresses.filter(address => address.includes(':') === (family === 6));
      if (own.length === 0) return '';
      const lines = own.map(address => `virtual_address ${address}/${family === 4 ? 24 : 64};`).join(' ');
      return `vrrp_instance ${name} { interface ${on}; vrid ${vrid}; priority ${at === 0 ? 150 : 100};
        advert_interval ${advertMs}ms; ${lines} }`;
    };
    const instances = [
      instance('OUT4', 4, 'eth0', 51, VIPS),
      instance('OUT6', 6, 'eth0', 52, VIPS),
      instance('IN4', 4, 'eth1', 53, inside),
      instance('IN6', 6, 'eth1', 54, inside),
    ].filter(Boolean);
    const names = instances.map(one => one.split(' ')[1]).join(' ');
    const servers = VIPS.flatMap(vip =>
      ['tcp', 'udp'].map(protocol => {
        const family = vip.includes(':') ? 6 : 4;
        const bracketed = (address: string) => (family === 6 ? `[${address}]` : address);
        const lines = [11, 12].map(
          last => `real_server ${bracketed(this.#realAddress(last, family))}:${PORT};`,
        );
        return `virtual_server ${bracketed(vip)}:${PORT} ${protocol} { mode ${mode}; scheduler ${scheduler}; ${service} ${protocol === 'tcp' ? tcp : ''} ${lines.join(' ')} }`;
      }),
    );
    const pools = isFullnat ? POOLS.map(pool => `source_pool ${pool} ports=20000-60000;`).join(' ') : '';
    const paths = PATHS.map(([a, b]) => (at === 0 ? `path ${a} ${b};` : `path ${b} ${a};`)).join(' ');
    return changes(`
      l4 { pin_path ${join(this.#pins, `d${at}`)}; hash_secret 0123456789abcdef; connections 65536; ${l4} ${pools}
        attach eth0 tc; ${this.#translates ? 'attach eth1 tc;' : ''}
        ${servers.join('\n')} }
      cluster { state_path ${join(this.directors[at].dir, 'state')};
        ${instances.join('\n')}
        ${instances.length > 1 ? `sync_group ALL { members ${names}; }` : ''}
        flow_sync { key "${KEY}"; ${paths} } }`);
  }

  /** @param which of the real servers begins; undefined: all */
  async serve(which?: 0 | 1): Promise<void> {
    for (const real of which === undefined ? this.reals : [this.reals[which]!]) {
      real.start(process.execPath, join(import.meta.dirname, 'echo.ts'), `${PORT}`);
      await real.listening(PORT);
    }
  }

  async start(at: 0 | 1, changes?: (text: string) => string): Promise<void> {
    const director = this.directors[at];
    director.configure(this.text(at, changes));
    await director.start();
  }

  async sync(at: 0 | 1): Promise<SyncFigures | undefined> {
    return (await this.directors[at].figures()).sync;
  }

  async isInStep(at: 0 | 1): Promise<void> {
    await until(async () => (await this.sync(at))?.state === 'in-step', `director ${at} to be in step`);
  }

  holds(at: 0 | 1): boolean {
    const { host } = this.directors[at];
    return host.do('ip -o address show').includes(` ${VIPS[0]}/`);
  }

  /** Cut off from all networks at once, and then all that runs on the host dies: nobody may say a last word. */
  kill(at: 0 | 1): void {
    const { host } = this.directors[at];
    this.lab.switchHost.ip(...this.#portsOf(host).map(({ port }) => `link set ${port} nomaster`));
    for (const pid of host.pids) process.kill(pid, 'SIGSTOP');
    host.ip(...['eth0', 'eth1', 'eth2'].map(on => `link set ${on} down`));
    killAll(host.pids);
  }

  /** A frame for a host that is gone goes to every port: the backup's programs would see it, which hides how long a takeover takes. */
  #keepFloodsAway(port: string): void {
    this.lab.switchHost.ip(`link set ${port} type bridge_slave flood off`);
  }

  #portsOf(host: Host) {
    return this.#ports.filter(one => one.host === host);
  }

  /** As a machine that has been switched on again; its flow table is what it was, which is the worst case. */
  revive(at: 0 | 1): void {
    const { host } = this.directors[at];
    const last = at + 2;
    this.lab.switchHost.ip(
      ...this.#portsOf(host).map(({ port, network }) => `link set ${port} master ${network}`),
    );
    for (const { port } of this.#portsOf(host)) this.#keepFloodsAway(port);
    for (const on of ['eth0', 'eth1', 'eth2']) host.do(`ip address flush dev ${on}`);
    const plan = {
      eth0: [`10.8.0.${last}/24`, `fd08::${last}/64`],
      eth1: [`10.7.0.${last}/24`, `fd07::${last}/64`],
      eth2: [`10.9.0.${last}/24`],
    };
    for (const [on, addresses] of Object.entries(plan)) {
      host.do(`ip link set ${on} up`);
      for (const address of addresses) host.do(`ip address add ${address} dev ${on}`);
    }
  }

  async cluster(at: 0 | 1): Promise<ClusterFigures> {
    const { host, dir } = this.directors[at];
    const moat = join(import.meta.dirname, '../../../bin/moat');
    const { stdout, stderr } = await host.run(
      moat,
      'vrrp',
      'status',
      '--json',
      '-c',
      join(dir, 'moat.conf'),
      '-p',
      dir,
    );
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.lab.close();
    removeBpfFolder(this.#pins);
    for (const { dir } of this.directors) rmSync(dir, { recursive: true, force: true });
  }
}
