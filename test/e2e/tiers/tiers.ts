/** Both tiers in the lab: a client, a director and two proxies that all run moat, and a server behind the proxies. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { L4Figures, NamedFlow } from '../../../l4/plane.ts';
import { makeBpfFolder, removeBpfFolder } from '../../lab/bpf-folder.ts';
import { type Host, Lab, until } from '../../lab/lab.ts';

const MOAT = resolve(import.meta.dirname, '../../../bin/moat');
const ORIGIN = join(import.meta.dirname, 'origin.ts');

export const CLIENT = { 4: '10.8.0.1', 6: 'fd08::1' } as const;
export const DIRECTOR = { 4: '10.7.0.2', 6: 'fd07::2' } as const;
/** The virtual address of each family; with `other` one whose real servers have addresses of the other family. */
export const VIP = { 4: '10.7.0.100', 6: 'fd07::100' } as const;
export const OTHER_VIP = { 4: '10.7.0.101', 6: 'fd07::101' } as const;
/** Fullnat's own address of each family. */
export const POOL = { 4: '10.7.0.200', 6: 'fd07::200' } as const;
export const PROXIES = { 4: ['10.7.0.11', '10.7.0.12'], 6: ['fd07::11', 'fd07::12'] } as const;
export const BIG_BYTES = 4 << 20;

export type Family = 4 | 6;
/** How proxies find the client: by the wire, by the director, or not at all. */
export type WayBack = 'direct' | 'director' | 'none';

/** A program of moat on a host, with its folder. */
export class Moat {
  readonly dir = mkdtempSync(join(tmpdir(), 'moat-tier-'));
  readonly host: Host;
  child: ChildProcess | undefined;

  constructor(host: Host) {
    this.host = host;
    chmodSync(this.dir, 0o755); // workers are nobody
  }

  configure(text: string): void {
    writeFileSync(this.#file, `daemon off; pid moat.pid; error_log error.log notice; events { }\n${text}\n`);
  }

  get #file(): string {
    return join(this.dir, 'moat.conf');
  }

  get log(): string {
    try {
      return readFileSync(join(this.dir, 'error.log'), 'latin1');
    } catch {
      return ''; // it is not there yet
    }
  }

  /** The process of the pid file. */
  get pid(): number {
    return Number(readFileSync(join(this.dir, 'moat.pid'), 'latin1'));
  }

  async start(): Promise<void> {
    const before = this.log.length;
    const child = this.host.start(MOAT, 'run', '-c', this.#file, '-p', this.dir);
    this.child = child;
    let said = '';
    child.stderr!.on('data', piece => (said += piece));
    await until(() => {
      if (child.exitCode !== null) throw new Error(`moat on ${this.host.name} has ended: ${said}`);
      return /ready: process/.test(this.log.slice(before));
    }, `moat on ${this.host.name}`);
  }

  /** Does it, and waits until the log says what is expected. */
  async says(pattern: RegExp, act: () => unknown): Promise<void> {
    const before = this.log.length;
    await act();
    await until(() => pattern.test(this.log.slice(before)), `the log of ${this.host.name} to say ${pattern}`);
  }

  async reload(text: string, says = /is in force in all workers/): Promise<void> {
    await this.says(says, () => {
      this.configure(text);
      process.kill(this.pid, 'SIGHUP');
    });
  }

  /** Sends a signal to the program that was started, and waits for its end. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const closed = once(this.child!, 'close');
    this.child!.kill(signal);
    await closed;
  }

  /** Processes that run moat on its host, control first. */
  processes(): number[] {
    const pids = this.host.do(`ip netns pids ${this.host.namespace}`).trim().split('\n').map(Number);
    return pids.filter(pid => {
      try {
        return /bin\/moat|(l[47]|cluster)\/process\.ts/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
      } catch {
        return false; // it has ended meanwhile
      }
    });
  }

  /** `moat l4 …`. */
  l4(...words: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
    return this.host.run(MOAT, 'l4', ...words, '-c', this.#file, '-p', this.dir);
  }

  /** `moat vrrp …`. */
  vrrp(...words: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
    return this.host.run(MOAT, 'vrrp', ...words, '-c', this.#file, '-p', this.dir);
  }

  /** The page of `moat metrics`. */
  async metrics(): Promise<string> {
    return (await this.host.run(MOAT, 'metrics', '-c', this.#file, '-p', this.dir)).stdout;
  }

  /** What `moat l4 …` shows. @throws {Error} when it fails */
  async shown(...words: string[]): Promise<string> {
    const { status, stdout, stderr } = await this.l4(...words);
    assert.equal(status, 0, stderr);
    return stdout;
  }

  async figures(): Promise<L4Figures> {
    return JSON.parse(await this.shown('list', '--json'));
  }

  async flows(): Promise<NamedFlow[]> {
    return JSON.parse(await this.shown('connections', '--json'));
  }
}

export class Tiers implements AsyncDisposable {
  readonly lab = new Lab();
  readonly pins = makeBpfFolder();
  readonly client: Host;
  readonly director: Moat;
  readonly proxies: readonly Moat[];
  /** The switch's ends of the proxies' wires: there packets are seen as the director sent them. */
  readonly proxyPorts: string[] = [];
  readonly #origin: Host;
  readonly #ports: string[] = [];

  constructor() {
    this.lab.network('lan');
    this.client = this.#host('client', [`${CLIENT[4]}/24`, `${CLIENT[6]}/64`]);
    const director = this.#host('dir', ['10.7.0.2/24', 'fd07::2/64', '10.8.0.2/24', 'fd08::2/64']);
    for (const { 4: ip4, 6: ip6 } of [VIP, OTHER_VIP, POOL]) {
      director.do(`ip address add ${ip4}/32 dev eth0`);
      director.do(`ip address add ${ip6}/128 dev eth0 nodad`);
    }
    this.director = new Moat(director);
    this.proxies = [0, 1].map(at => {
      const host = this.#host(`p${at}`, [`${PROXIES[4][at]}/24`, `${PROXIES[6][at]}/64`]);
      this.proxyPorts.push(this.#ports.at(-1)!);
      return new Moat(host);
    });
    this.#origin = this.#host('origin', ['10.7.0.20/24', 'fd07::20/64']);
    this.#routeClient();
  }

  #host(name: string, addresses: string[]): Host {
    const host = this.lab.host(name);
    this.#ports.push(this.lab.wire(host, 'eth0', 'lan', { addresses }));
    return host;
  }

  /** Virtual addresses lie behind the director; all else is on its wire. */
  #routeClient(): void {
    this.client.do('ip route add 10.7.0.0/24 dev eth0');
    this.client.do('ip -6 route add fd07::/64 dev eth0');
    for (const vip of [VIP, OTHER_VIP]) {
      this.client.do(`ip route add ${vip[4]}/32 via 10.8.0.2`);
      this.client.do(`ip -6 route add ${vip[6]}/128 via fd08::2`);
    }
  }

  /** XDP on veth: frames without offloads, and a program on the other end of the wire, or what is sent there is swallowed. */
  async fitForXdp(): Promise<void> {
    for (const { host } of [{ host: this.client }, this.director, ...this.proxies, { host: this.#origin }])
      host.do('ethtool -K eth0 tx off gro off');
    const program = resolve(import.meta.dirname, '../../l4/xdp-peer.ts');
    const { status, stderr } = await this.lab.switchHost.run(process.execPath, program, ...this.#ports);
    assert.equal(status, 0, stderr);
  }

  routeBack(way: WayBack): void {
    for (const { host } of this.proxies) {
      if (way === 'none') continue;
      host.do(`ip route add 10.8.0.0/24 ${way === 'direct' ? 'dev eth0' : 'via 10.7.0.2'}`);
      host.do(`ip -6 route add fd08::/64 ${way === 'direct' ? 'dev eth0' : 'via fd07::2'}`);
    }
  }

  /** Proxies hold the virtual addresses, as `dr` and `tun` want it, and unwrap what the director has wrapped. */
  async join(tunnel?: 'ipip' | 'gue'): Promise<void> {
    for (const { host, dir } of this.proxies) {
      const addresses = [VIP, OTHER_VIP].flatMap(({ 4: ip4, 6: ip6 }) => [ip4, ip6]);
      const pins = ['--pin-path', join(this.pins, `far-end-${host.name}`)];
      const ends = ['--mode', 'tun', '--director', DIRECTOR[4], '--director', DIRECTOR[6], ...pins];
      const { status, stderr } = await host.run(
        ...[MOAT, 'real-server', 'join', ...addresses, '--record', join(dir, 'joined')],
        ...(tunnel ? [...ends, '--tunnel', tunnel] : []),
      );
      assert.equal(status, 0, stderr);
    }
  }

  /** The server, and the proxies before it; each says its name at `/who`, and whom it sees. */
  async serve(): Promise<void> {
    this.#origin.start(process.execPath, ORIGIN, String(BIG_BYTES));
    await this.#origin.listening(8000);
    for (const proxy of this.proxies)
      proxy.configure(`http { access_log off; upstream origin { server 10.7.0.20:8000; }
        server { listen 80; listen [::]:80; client_max_body_size 0; keepalive_requests 1000000;
          location = /who { keepalive_timeout 0; return 200 "${proxy.host.name} $remote_addr\\n"; }
          location = /alive { return 200 "${proxy.host.name}"; }
          location / { proxy_pass http://origin; proxy_set_header X-Client $remote_addr; } } }`);
    await Promise.all(this.proxies.map(proxy => proxy.start()));
  }

  /** The answers to so many requests, each by a connection of its own. */
  async who(vip: string, count: number): Promise<string[]> {
    const urls = Array.from({ length: count }, () => `http://${hostOf(vip)}/who`);
    const { stdout, stderr } = await this.client.run('curl', '-gsS', '-m', '30', ...urls);
    assert.equal(stderr, '');
    return stdout.split('\n').filter(Boolean);
  }

  /** A long answer of the server's. @returns its bytes, and whom the proxy saw */
  async download(vip: string): Promise<string> {
    const { stdout, stderr } = await this.client.run(
      ...['curl', '-gsS', '-m', '60', '-o', '/dev/null', '-w', '%{size_download} %header{x-client}'],
      `http://${hostOf(vip)}/big`,
    );
    assert.equal(stderr, '');
    return stdout;
  }

  /** A long body goes up to the server. @returns how much of it the server got */
  async upload(vip: string): Promise<string> {
    const send = `head -c ${BIG_BYTES} /dev/zero | curl -gsS -m 60 -T - http://${hostOf(vip)}/upload`;
    const { stdout, stderr } = await this.client.run('sh', '-c', send);
    assert.equal(stderr, '');
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.lab.close();
    removeBpfFolder(this.pins);
    for (const dir of [this.director.dir, ...this.proxies.map(({ dir }) => dir)])
      rmSync(dir, { recursive: true, force: true });
  }
}

/** Both tiers at work, where proxies hold the virtual addresses and answer the client directly. */
export async function tiersAtWork(configuration: (tiers: Tiers) => string): Promise<Tiers> {
  const tiers = new Tiers();
  try {
    tiers.routeBack('direct');
    await tiers.join();
    await tiers.serve();
    tiers.director.configure(configuration(tiers));
    await tiers.director.start();
    return tiers;
  } catch (fault) {
    await tiers[Symbol.asyncDispose]();
    throw fault;
  }
}

const hostOf = (address: string) => (address.includes(':') ? `[${address}]` : address);
