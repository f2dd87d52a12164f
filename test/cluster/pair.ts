/** Two hosts of a lab that share a virtual address: one runs moat, the other keepalived, or moat too. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Host, Lab, until } from '../lab/lab.ts';
import { Owner, PATIENCE_MS } from './owner.ts';

const MOAT = fileURLToPath(new URL('../../bin/moat', import.meta.url));

export interface Wiring {
  readonly version: 2 | 3;
  readonly family: 4 | 6;
  readonly unicast: boolean;
}

/** What a test takes that is not about versions, families or ways of sending. */
export const V3: Wiring = { version: 3, family: 4, unicast: false };

const ADDRESSES = {
  4: { vip: '10.77.0.100', own: ['10.77.0.1', '10.77.0.2'], bits: 24 },
  6: { vip: '2001:db8:77::100', own: ['2001:db8:77::1', '2001:db8:77::2'], bits: 64 },
} as const;

export class Pair implements Disposable {
  readonly wiring: Wiring;
  readonly vip: string;
  readonly hosts: readonly [Host, Host];
  readonly owners: readonly [Owner, Owner];
  readonly lab = new Lab();
  readonly #dir: string;

  /** @param dir for files, removed by the caller */
  constructor(wiring: Wiring, dir: string) {
    this.wiring = wiring;
    this.#dir = dir;
    const { vip, own, bits } = ADDRESSES[wiring.family];
    this.vip = vip;
    const net = this.lab.network('net');
    const hosts = own.map((address, at) => {
      const host = this.lab.host(at === 0 ? 'a' : 'b');
      this.lab.wire(host, 'eth0', net, { addresses: [`${address}/${bits}`] });
      return host;
    });
    this.hosts = [hosts[0]!, hosts[1]!];
    this.owners = [new Owner(this.hosts[0], vip), new Owner(this.hosts[1], vip)];
  }

  get #bits(): number {
    return ADDRESSES[this.wiring.family].bits;
  }

  path(name: string): string {
    return join(this.#dir, name);
  }

  #ownAndPeer(at: 0 | 1): [string, string] {
    const { own } = ADDRESSES[this.wiring.family];
    return [own[at], own[at === 0 ? 1 : 0]];
  }

  /** @param lines of the vrrp_instance, and `around` it; host 0 is moat's unless said otherwise */
  moat(lines: string, { at = 0, around = '' }: { at?: 0 | 1; around?: string } = {}): Moat {
    const { version, unicast } = this.wiring;
    const [own, peer] = this.#ownAndPeer(at);
    const unicastLines = unicast ? `source_address ${own}; unicast_peer ${peer};` : '';
    const text = `
      pid ${this.path(`moat-${at}.pid`)}; error_log ${this.path(`moat-${at}.log`)} notice; events { }
      cluster { state_path ${this.path(`state-${at}`)};
        vrrp_instance VI_1 { interface eth0; vrid 51; version ${version}; virtual_address ${this.vip}/${this.#bits};
          ${unicastLines} ${lines} }
        ${around} }`;
    return new Moat(this.hosts[at], this.path(`moat-${at}`), text);
  }

  /** A second network between the two, with interfaces of this name. */
  join(interfaceName: string, addresses: readonly [string, string]): void {
    const net = this.lab.network(`n${interfaceName}`);
    this.hosts.forEach((host, at) => {
      this.lab.wire(host, interfaceName, net, { addresses: [addresses[at]!] });
    });
  }

  keepalived(lines: string, at: 0 | 1 = 1): Keepalived {
    const { version, unicast } = this.wiring;
    const [own, peer] = this.#ownAndPeer(at);
    const unicastLines = unicast ? `unicast_src_ip ${own}\n unicast_peer {\n ${peer}\n }` : '';
    const text = `global_defs {\n vrrp_version ${version}\n}
      vrrp_instance VI_1 {\n interface eth0\n state BACKUP\n virtual_router_id 51\n ${unicastLines}\n ${lines}
        virtual_ipaddress {\n ${this.vip}/${this.#bits}\n }\n}\n`;
    return new Keepalived(this.hosts[at], this.path(`keepalived-${at}`), text);
  }

  [Symbol.dispose](): void {
    this.lab.close();
  }
}

/** A program of a host that can be started, ended in several ways, and started again. */
abstract class Program {
  protected readonly host: Host;
  protected readonly base: string;
  protected child: ChildProcess | undefined;
  output = '';

  constructor(host: Host, base: string, text: string) {
    this.host = host;
    this.base = base;
    writeFileSync(`${base}.conf`, text);
  }

  protected abstract words(): string[];

  start(): this {
    const child = this.host.start(...this.words());
    child.stdout!.on('data', piece => (this.output += piece));
    child.stderr!.on('data', piece => (this.output += piece));
    this.child = child;
    return this;
  }

  signal(signal: NodeJS.Signals): void {
    this.child!.kill(signal);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const gone = new Promise(done => this.child!.once('exit', done));
    this.signal(signal);
    await gone;
  }
}

export class Moat extends Program {
  protected words(): string[] {
    return [MOAT, 'run', '-c', `${this.base}.conf`];
  }

  get log(): string {
    return readFileSync(`${this.base}.log`, 'latin1');
  }

  reconfigure(text: (before: string) => string): void {
    writeFileSync(`${this.base}.conf`, text(readFileSync(`${this.base}.conf`, 'utf8')));
  }

  /** Waits until it has said so. */
  async says(what: RegExp): Promise<void> {
    await until(
      () => {
        try {
          return what.test(this.log);
        } catch {
          return false; // there is no log yet
        }
      },
      `moat to say ${what}: ${this.output}`,
      PATIENCE_MS,
    );
  }

  reload(): void {
    process.kill(this.controlPid, 'SIGHUP');
  }

  get controlPid(): number {
    return Number(readFileSync(`${this.base}.pid`, 'latin1'));
  }

  run(...words: string[]) {
    return this.host.run(MOAT, ...words, '-c', `${this.base}.conf`);
  }

  /** Control, and its child that speaks VRRP. */
  async pids(): Promise<{ readonly controlPid: number; readonly clusterPid: number }> {
    const { stdout } = await this.run('vrrp', 'status', '--json');
    return { controlPid: this.controlPid, clusterPid: JSON.parse(stdout).pid };
  }

  /** Ends both without a word: who is left alone for a moment would say priority 0. */
  async crash(): Promise<void> {
    const { controlPid, clusterPid } = await this.pids();
    killAsOne(controlPid, clusterPid);
  }
}

/**
 * A stopped child does nothing more, and all threads of a parent are killed at once, while the news of a stop has to reach each of them.
 *
 * @param parent would speak in the stead of the child, or start it anew; the child would speak when the parent is gone
 */
function killAsOne(parent: number, child: number): void {
  process.kill(child, 'SIGSTOP');
  process.kill(parent, 'SIGKILL');
  process.kill(child, 'SIGKILL');
}

export class Keepalived extends Program {
  protected words(): string[] {
    return [
      'keepalived',
      '-n',
      '-l',
      '-P',
      '-f',
      `${this.base}.conf`,
      '-p',
      `${this.base}.pid`,
      '-r',
      `${this.base}.vrrp`,
    ];
  }

  /** Ends it without a word: its child says priority 0 when the parent goes first, and is started anew when it goes first itself. */
  crash(): void {
    const [parent, child] = ['pid', 'vrrp'].map(end => Number(readFileSync(`${this.base}.${end}`, 'latin1')));
    killAsOne(parent!, child!);
  }
}
