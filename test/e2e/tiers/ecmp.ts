/** Three directors at once behind a router that spreads flows over them: each tells it by BIRD whether it has the address. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { makeBpfFolder, removeBpfFolder } from '../../lab/bpf-folder.ts';
import { type Host, Lab, until } from '../../lab/lab.ts';
import { Moat } from './tiers.ts';

const LINES = join(import.meta.dirname, 'lines.ts');
const EXAMPLE = resolve(import.meta.dirname, '../../../examples/ecmp');
const VIP = '192.0.2.10';
export const REALS = ['10.1.0.11', '10.1.0.12', '10.1.0.13'] as const;
const ROUTER = '10.1.0.254';
/** What the file of the example says it is; each director has its own. */
const FIRST_DIRECTOR = '10.1.0.1';

const addressOf = (at: number) => `10.1.0.${at + 1}`;

export class Ecmp implements Disposable {
  readonly lab = new Lab();
  readonly pins = makeBpfFolder();
  readonly dir = mkdtempSync(join(tmpdir(), 'moat-ecmp-'));
  readonly directors: readonly Moat[];
  readonly #router: Host;
  readonly #client: Host;
  readonly #reals: readonly Host[];
  /** Routes may be others than when they were last read. */
  #isNew = true;
  #talk: ChildProcess | undefined;
  #answers: AsyncIterator<string> | undefined;

  constructor() {
    this.lab.network('wan');
    this.lab.network('lan');
    this.#router = this.lab.host('router');
    this.lab.wire(this.#router, 'eth0', 'wan', { addresses: ['10.8.0.254/24'] });
    this.lab.wire(this.#router, 'eth1', 'lan', { addresses: [`${ROUTER}/24`] });
    // Ports count, or all of one client went to one director.
    this.#router.set({ 'net/ipv4/ip_forward': 1, 'net/ipv4/fib_multipath_hash_policy': 1 });
    this.#client = this.lab.host('client');
    this.lab.wire(this.#client, 'eth0', 'wan', { addresses: ['10.8.0.1/24'] });
    this.#client.do('ip route add default via 10.8.0.254');
    this.directors = [0, 1, 2].map(at => new Moat(this.#inside(`d${at}`, addressOf(at))));
    this.#reals = REALS.map((address, at) => {
      const host = this.#inside(`r${at}`, address);
      host.do(`ip address add ${VIP}/32 dev lo`);
      return host;
    });
  }

  #inside(name: string, address: string): Host {
    const host = this.lab.host(name);
    this.lab.wire(host, 'eth0', 'lan', { addresses: [`${address}/24`] });
    host.do(`ip route add default via ${ROUTER}`);
    host.set({ 'net/ipv4/ip_forward': 1 });
    return host;
  }

  #bird(host: Host, text: string): void {
    const file = join(this.dir, `${host.name}.conf`);
    writeFileSync(file, text);
    host.start('bird', '-f', '-c', file, '-s', join(this.dir, `${host.name}.ctl`));
  }

  /** All at work by the files of the example; the router has a way by each director. */
  async start(): Promise<void> {
    for (const host of this.#reals) host.start(process.execPath, LINES, 'serve', host.name, '80');
    await Promise.all(this.#reals.map(host => host.listening(80)));
    this.#router.start('ip', 'monitor', 'route').stdout!.on('data', () => {
      this.#isNew = true;
    });
    this.#bird(this.#router, readFileSync(join(EXAMPLE, 'router.bird'), 'latin1'));
    const bird = readFileSync(join(EXAMPLE, 'director.bird'), 'latin1');
    const moat = readFileSync(join(EXAMPLE, 'moat.conf'), 'latin1').replace(/^events.*$/m, '');
    await Promise.all(
      this.directors.map(async (director, at) => {
        this.#bird(director.host, bird.replaceAll(FIRST_DIRECTOR, addressOf(at)));
        const ours = `pin_path ${this.pins}/d${at}; connections 4096;`;
        writeFileSync(join(director.dir, 'hash.key'), 'of the ecmp test, 16 or more');
        director.configure(
          moat
            .replace('l4 {', `l4 { ${ours}`)
            .replace('interval=1s', 'interval=500ms')
            .replace('cluster {', `cluster { state_path ${director.dir}/state;`),
        );
        await director.start();
      }),
    );
    await this.ways([0, 1, 2]);
  }

  /** Waits until the router sends by these directors, and no others. */
  async ways(wanted: readonly number[]): Promise<void> {
    const all = wanted.map(addressOf).join(' ');
    let routes = '';
    const areThere = () => {
      if (!this.#isNew) return false;
      this.#isNew = false;
      routes = this.#router.do(`ip route show ${VIP}`);
      return Array.from(routes.matchAll(/via (\S+)/g), ([, address]) => address).join(' ') === all;
    };
    this.#isNew = true;
    await until(areThere, `ways by ${all}`).catch((fault: Error) => {
      throw new Error(`${fault.message}: ${routes}`);
    });
  }

  /** Packets that came in at each director until now. */
  packets(): number[] {
    return this.directors.map(({ host }) => {
      const [, , packets = ''] = /eth0:\s*(\d+)\s+(\d+)/.exec(host.do('cat /proc/net/dev')) ?? [];
      return Number(packets);
    });
  }

  /** `open N`: more long connections; `ask`: all of them; `fresh N`: short ones. @returns how many were answered, by the server as before */
  async client(order: string): Promise<number> {
    this.#talk ??= this.#client.start(process.execPath, LINES, 'ask', VIP, '80');
    this.#answers ??= createInterface({ input: this.#talk.stdout! })[Symbol.asyncIterator]();
    this.#talk.stdin!.write(`${order}\n`);
    const { value } = await this.#answers.next();
    return Number(value);
  }

  [Symbol.dispose](): void {
    this.lab.close();
    removeBpfFolder(this.pins);
    for (const dir of [this.dir, ...this.directors.map(one => one.dir)])
      rmSync(dir, { recursive: true, force: true });
  }
}
