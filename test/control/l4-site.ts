/** moat on a director's host in the lab, with real servers that joined and a client that knows none of them. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { makeBpfFolder, removeBpfFolder } from '../lab/bpf-folder.ts';
import { type Host, Lab, until } from '../lab/lab.ts';

export const MOAT = resolve(import.meta.dirname, '../../bin/moat');
export const VIP = '192.0.2.100';

export class Site implements AsyncDisposable {
  readonly lab = new Lab();
  readonly dir = mkdtempSync(join(tmpdir(), 'moat-l4-run-'));
  readonly pins = makeBpfFolder();
  readonly client: Host;
  readonly director: Host;
  readonly reals: readonly Host[];
  readonly servers: ChildProcess[] = [];
  moat: ChildProcess | undefined;

  constructor() {
    const network = this.lab.network('lan');
    const host = (name: string, last: number) => {
      const made = this.lab.host(name);
      this.lab.wire(made, 'eth0', network, { addresses: [`192.0.2.${last}/24`] });
      return made;
    };
    this.client = host('client', 1);
    this.director = host('dir', 2);
    this.reals = [host('ra', 11), host('rb', 12)];
    this.director.do(`ip address add ${VIP}/32 dev eth0`);
  }

  /** Has the real servers hold the virtual address. */
  async join(): Promise<void> {
    for (const [at, real] of this.reals.entries()) {
      const record = join(this.dir, `record${at}`);
      const { status, stderr } = await real.run(MOAT, 'real-server', 'join', VIP, '--record', record);
      assert.equal(status, 0, stderr);
    }
  }

  /** The same, and each answers with its name. */
  async serve(): Promise<void> {
    await this.join();
    for (const real of this.reals) {
      const program = `import { createServer } from 'node:http'; createServer((_, answer) => answer.setHeader('connection', 'close').end('${real.name}')).listen(80);`;
      this.servers.push(real.start(process.execPath, '--input-type=module', '-e', program));
      await real.listening(80);
    }
  }

  configure(l4: string): void {
    writeFileSync(
      join(this.dir, 'moat.conf'),
      `daemon off; error_log error.log notice; pid moat.pid; ${l4}\n`,
    );
  }

  get log(): string {
    return readFileSync(join(this.dir, 'error.log'), 'latin1');
  }

  /** @param saying a line that the log has when it is ready, so many times */
  async start(times = 1): Promise<void> {
    this.moat = this.director.start(MOAT, 'run', '-c', join(this.dir, 'moat.conf'), '-p', this.dir);
    let said = '';
    for (const stream of [this.moat.stdout!, this.moat.stderr!]) stream.on('data', piece => (said += piece));
    const ready = () => this.#has(/ready: process/g, times);
    await until(() => ready() || this.moat!.exitCode !== null, 'moat to be ready');
    if (!ready()) assert.fail(`moat has ended with ${this.moat.exitCode}: ${said}`);
  }

  #has(pattern: RegExp, times: number): boolean {
    try {
      return (this.log.match(pattern) ?? []).length >= times;
    } catch {
      return false; // the log is not there yet
    }
  }

  /** Who answers so many connections. */
  async answers(count: number): Promise<string[]> {
    const urls = Array.from({ length: count }, () => `http://${VIP}/`);
    const { stdout } = await this.client.run('curl', '-s', '-m', '5', '-w', '\\n', ...urls);
    return stdout.split('\n').filter(line => line !== '');
  }

  async ask(...words: string[]): Promise<string> {
    const { stdout, stderr, status } = await this.director.run(
      MOAT,
      'l4',
      ...words,
      '-c',
      join(this.dir, 'moat.conf'),
      '-p',
      this.dir,
    );
    assert.equal(status, 0, stderr);
    return stdout;
  }

  /** Of a process on the director whose command line has these words. */
  pidOf(words: string): number {
    const pids = this.director.do(`ip netns pids ${this.director.namespace}`).trim().split('\n').map(Number);
    const found = pids.find(pid => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(words));
    assert.ok(found, `no process of ${words}`);
    return found;
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const closed = new Promise(done => this.moat!.once('close', done));
    this.moat!.kill(signal);
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.lab.close();
    removeBpfFolder(this.pins);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Two real servers by direct routing. @param more lines of the virtual server @param second words of the second real server */
export const service = (
  site: Site,
  more = '',
  second = '',
) => `l4 { pin_path ${site.pins}/moat; hash_secret 0123456789abcdef;
  virtual_server ${VIP}:80 tcp { scheduler rr; real_server 192.0.2.11; real_server 192.0.2.12 ${second};
    health_check tcp interval=100ms timeout=5s fall=2 rise=1; ${more} } }`;
