/** A site in the lab: client, director, real servers with nginx, on one network or two; by mode as an operator would wire it. */
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { NO_TIMER } from '../../l4/no-timer.ts';
import type { RealCounts, ReasonCounts } from '../../l4/statistics.ts';
import type { L4Tables, RealTable, ServiceTable } from '../../l4/tables.ts';
import { FLOW_TIMEOUTS } from '../../model/l4/l4.ts';
import { type ForwardMode, NO_LIMIT } from '../../model/l4/virtual-server.ts';
import { makeBpfFolder, removeBpfFolder } from '../lab/bpf-folder.ts';
import { type Host, Lab, type RunResult } from '../lab/lab.ts';

const MOAT = join(import.meta.dirname, '../../bin/moat');
export const VIP4 = '10.0.0.100';
export const VIP6 = 'fd00::100';
const NET4 = '10.0.0';
const NET6 = 'fd00:';
/** Fullnat's own addresses. */
const POOL4 = '10.0.0.200';
const POOL6 = 'fd00::200';

export type Figures = {
  reasons: ReasonCounts;
  reals: Record<string, RealCounts>;
  flows: { client: string; state: string; realId: number }[];
};

/** The process on the director's host. */
export class DirectorProcess {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #said = '';

  constructor(host: Host, pinPath: string) {
    this.child = host.start(process.execPath, join(import.meta.dirname, 'director-host.ts'), pinPath);
    this.child.stderr!.on('data', piece => (this.#said += piece));
    this.#lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  async answer(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`The director has ended: ${this.#said}`);
    const { answer, fault } = JSON.parse(value);
    if (fault) throw new Error(fault);
    return answer;
  }

  async ask(order: object): Promise<unknown> {
    this.child.stdin!.write(`${JSON.stringify(order)}\n`);
    return await this.answer();
  }

  async figures(): Promise<Figures> {
    return (await this.ask({ do: 'figures' })) as Figures;
  }

  /** `kill -9`, and gone. */
  async kill(): Promise<void> {
    const closed = new Promise(resolve => this.child.once('close', resolve));
    this.child.kill('SIGKILL');
    await closed;
  }
}

export class Site implements AsyncDisposable {
  readonly lab = new Lab();
  readonly client: Host;
  readonly directorHost: Host;
  readonly reals: Host[] = [];
  /** The switch's ends of the wires: of the client, the director, the real servers. */
  readonly switchPorts: string[] = [];
  readonly dir = mkdtempSync(join(tmpdir(), 'moat-site-'));
  readonly #pins = makeBpfFolder();
  director!: DirectorProcess;

  constructor(count: number) {
    this.lab.network('lan');
    this.client = this.#host('client', 1);
    this.directorHost = this.#host('director', 2);
    for (const address of [`${VIP4}/32`, `${VIP6}/128`, `${POOL4}/32`, `${POOL6}/128`])
      this.directorHost.do(`ip address add ${address} dev eth0 nodad`);
    for (let at = 0; at < count; at++) this.reals.push(this.#host(`real${at}`, 11 + at));
  }

  #host(name: string, last: number): Host {
    const host = this.lab.host(name);
    const port = this.lab.wire(host, 'eth0', 'lan', {
      addresses: [`${NET4}.${last}/24`, `${NET6}:${last}/64`],
    });
    this.switchPorts.push(port);
    return host;
  }

  /** Starts the director's process. @returns what its plane has found pinned */
  async start(): Promise<void> {
    for (let triesLeft = 5; ; triesLeft--) {
      this.director = new DirectorProcess(this.directorHost, join(this.#pins, 'l4'));
      try {
        await this.director.answer();
        return;
      } catch (fault) {
        // As the plane does it.
        if (triesLeft === 1 || !(fault as Error).message.includes(NO_TIMER)) throw fault;
      }
    }
  }

  /** XDP on veth: frames without offloads, and a program on the other end of the wire, or what is sent there is swallowed. */
  async fitForXdp(): Promise<void> {
    for (const host of [this.client, this.directorHost, ...this.reals])
      host.do('ethtool -K eth0 tx off gro off');
    const { status, stderr } = await this.lab.switchHost.run(
      process.execPath,
      join(import.meta.dirname, 'xdp-peer.ts'),
      ...this.switchPorts,
    );
    if (status !== 0) throw new Error(stderr);
  }

  /** Real servers hold the virtual addresses on lo and keep quiet about them: for dr and tun. */
  holdAddresses(): void {
    for (const real of this.reals) {
      real.do('sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2');
      real.do(`ip address add ${VIP4}/32 dev lo`);
      real.do(`ip address add ${VIP6}/128 dev lo nodad`);
    }
  }

  /** Real servers unwrap what the director sends, as an operator has them do it. */
  async joinTunnels(tunnel: 'ipip' | 'gue', ...words: string[]): Promise<void> {
    for (const real of this.reals) {
      const directors = ['--director', `${NET4}.2`, '--director', `${NET6}:2`];
      const { status, stderr } = await this.realServer(
        real,
        ...['join', '--mode', 'tun', '--tunnel', tunnel, ...directors],
        ...['--pin-path', this.pinsOf(real), ...words, VIP4, VIP6],
      );
      if (status !== 0) throw new Error(stderr);
    }
  }

  /** Hosts of the lab share one file system. */
  pinsOf(real: Host): string {
    return join(this.#pins, real.name);
  }

  /** `moat real-server` on one of them. */
  realServer(real: Host, ...words: string[]): Promise<RunResult> {
    return real.run(MOAT, 'real-server', ...words, '--record', join(this.dir, `${real.name}.json`));
  }

  /** Real servers answer by way of the director: for nat. */
  routeBack(): void {
    this.client.do('ip address flush dev eth0');
    this.client.do('ip address add 10.9.0.1/24 dev eth0');
    this.client.do('ip address add fd09::1/64 dev eth0 nodad');
    this.directorHost.do('ip address add 10.9.0.2/24 dev eth0');
    this.directorHost.do('ip address add fd09::2/64 dev eth0 nodad');
    this.client.do('ip route add default via 10.9.0.2');
    this.client.do('ip -6 route add default via fd09::2');
    for (const real of this.reals) {
      real.do(`ip route add default via ${NET4}.2`);
      real.do(`ip -6 route add default via ${NET6}:2`);
    }
  }

  /** nginx on each real server, which answers with its host's name; `/big` is 4 MB, `/huge` never ends in time. */
  async serve(): Promise<void> {
    for (const real of this.reals) {
      const dir = join(this.dir, real.name);
      mkdirSync(dir);
      writeFileSync(join(dir, 'big'), Buffer.alloc(4 << 20, 'x'));
      writeFileSync(join(dir, 'huge'), '');
      truncateSync(join(dir, 'huge'), 1 << 30);
      writeFileSync(
        join(dir, 'nginx.conf'),
        `daemon off; master_process off; pid ${dir}/pid; error_log ${dir}/error.log;
         events { worker_connections 1024; }
         http { access_log off; client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f;
           uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s; client_max_body_size 0;
           server { listen 80; listen [::]:80; keepalive_requests 1000000; location = /big { root ${dir}; } location = /huge { root ${dir}; }
             location /upload { proxy_pass http://127.0.0.1:81; } location / { return 200 "${real.name} $remote_addr"; } }
           server { listen 127.0.0.1:81; location / { return 200 "$request_length"; } } }`,
      );
      real.start('nginx', '-e', `${dir}/error.log`, '-c', `${dir}/nginx.conf`);
      await real.listening(80);
    }
  }

  /** Tables of two services, IPv4 and IPv6, port 80, over all real servers. */
  tables(
    mode: ForwardMode,
    changes: {
      reals?: Partial<RealTable>[];
      service?: Partial<ServiceTable>;
      leaseMs?: number;
      protocol?: 'tcp' | 'udp';
      port?: number;
      tunnel?: 'ipip' | 'gue';
    } = {},
  ): L4Tables {
    const { protocol = 'tcp', port = 80, tunnel = 'ipip' } = changes;
    const services = [VIP4, VIP6].map((address, at): ServiceTable => {
      const id = at + 1;
      const reals = this.reals.map((_, index): RealTable => {
        const last = 11 + index;
        return {
          id: at * 100 + index + 1,
          serviceId: id,
          name: `real${index}`,
          address: at === 0 ? `${NET4}.${last}` : `${NET6}:${last}`,
          port: mode === 'nat' || mode === 'fullnat' ? port : 0,
          mode,
          weight: 1,
          upper: 0,
          lower: 0,
          intake: 'all',
          fate: 'forward',
          ...changes.reals?.[index],
        };
      });
      const slots = Uint32Array.from(
        { length: 251 },
        (_, slot) =>
          reals.filter(({ intake }) => intake === 'all').map(({ id }) => id)[
            slot % Math.max(1, reals.filter(({ intake }) => intake === 'all').length)
          ] ?? 0,
      );
      return {
        id,
        facts: {
          name: address,
          protocol,
          tunnel: { kind: tunnel, port: 6080 },
          persistence: undefined,
          onDead: 'rst',
          onePacket: false,
          synCookies: undefined,
          drain: { deadlineMs: 0, keepsPersistent: false },
          sourceLimit: NO_LIMIT,
          limit: NO_LIMIT,
          filter: { allowed: [], denied: [] },
        },
        endpoints: [{ address, port, protocol }],
        selection: { kind: 'ring', key: 'source-port', slots },
        reals,
        ...changes.service,
      };
    });
    const pool = (address: string) => ({ first: address, last: address, firstPort: 20000, lastPort: 40000 });
    return {
      settings: {
        connections: 65536,
        timeouts: FLOW_TIMEOUTS,
        insertsPerSecond: 0,
        hashKey: new Uint8Array(16).fill(7),
        cookieKey: new Uint8Array(16).fill(9),
        leaseMs: changes.leaseMs,
        sourcePools: [pool(POOL4), pool(POOL6)],
        filter: { allowed: [], denied: [] },
        isSynced: false,
      },
      services,
      leaving: [],
    };
  }

  /** Applies tables and attaches to the director's interface. */
  async direct(tables: L4Tables, mode: 'tc' | 'xdp' = 'tc'): Promise<void> {
    await this.director.ask({ do: 'tables', tables });
    await this.director.ask({ do: 'attach', interfaces: [{ interface: 'eth0', mode }] });
  }

  async detach(): Promise<void> {
    await this.director.ask({ do: 'attach', interfaces: [] });
  }

  /** The bodies of so many requests, each by a connection of its own. */
  async get(vip: string, count = 1, path = '/'): Promise<string[]> {
    const host = vip.includes(':') ? `[${vip}]` : vip;
    const bodies: string[] = [];
    for (let at = 0; at < count; at++) {
      const { stdout, stderr, status } = await this.client.run(
        'curl',
        '-sS',
        '-m',
        '20',
        `http://${host}${path}`,
      );
      if (status !== 0) throw new Error(`curl ${vip}: ${stderr}`);
      bodies.push(stdout);
    }
    return bodies;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.lab.close();
    removeBpfFolder(this.#pins);
    rmSync(this.dir, { recursive: true, force: true });
  }
}
