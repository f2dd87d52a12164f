/** An l4 block in force: moat on a director's host in the lab, with real servers that joined and a client that knows none of them. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { programMissing } from '../l4/program.ts';
import { type Host, Lab, labMissing, until } from '../lab/lab.ts';

const MOAT = resolve(import.meta.dirname, '../../bin/moat');
const skip = labMissing('curl') || programMissing();
const VIP = '192.0.2.100';

class Site implements AsyncDisposable {
  readonly lab = new Lab();
  readonly dir = mkdtempSync(join(tmpdir(), 'moat-l4-run-'));
  readonly pins = mkdtempSync(join(tmpdir(), 'moat-l4-pins-'));
  readonly client: Host;
  readonly director: Host;
  readonly reals: readonly Host[];
  readonly servers: ChildProcess[] = [];
  moat: ChildProcess | undefined;

  constructor() {
    execFileSync('mount', ['-t', 'bpf', 'bpf', this.pins]);
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

  async serve(): Promise<void> {
    for (const [at, real] of this.reals.entries()) {
      const { status, stderr } = await real.run(
        MOAT,
        'real-server',
        'join',
        VIP,
        '--record',
        join(this.dir, `record${at}`),
      );
      assert.equal(status, 0, stderr);
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

  async kill(signal: NodeJS.Signals): Promise<void> {
    const closed = new Promise(done => this.moat!.once('close', done));
    this.moat!.kill(signal);
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.lab.close();
    execFileSync('umount', ['-l', this.pins]);
    rmSync(this.pins, { recursive: true, force: true });
    rmSync(this.dir, { recursive: true, force: true });
  }
}

const service = (
  site: Site,
  more = '',
  second = '',
) => `l4 { pin_path ${site.pins}/moat; hash_secret 0123456789abcdef;
  virtual_server ${VIP}:80 tcp { scheduler rr; real_server 192.0.2.11; real_server 192.0.2.12 ${second};
    health_check tcp interval=100ms timeout=5s fall=2 rise=1; ${more} } }`;

const both = (answers: readonly string[]) => [...new Set(answers)].sort().join();

test('moat run: forwards, takes dead real servers out, and is not needed for what it has begun', {
  skip,
}, async () => {
  await using site = new Site();
  await site.serve();
  site.configure(service(site));
  await site.start();
  assert.match(site.log, /l4: stands on eth0 by tc/);
  assert.equal(both(await site.answers(8)), 'ra,rb');
  const list = await site.ask('list');
  assert.match(list, /^moat L4 tier on eth0 \(tc\)$/m);
  assert.match(list, /^TCP {2}192\.0\.2\.100:80 rr$/m);
  assert.match(list, /^ {2}-> 192\.0\.2\.11 +Route +1 +0 +4 +alive$/m);
  assert.match(await site.ask('stats'), /^ {2}-> 192\.0\.2\.12 +4 +\d\d/m);
  assert.match(
    await site.ask('connections'),
    /^TCP [\d.]+s +\S+ +192\.0\.2\.1:\d+ +192\.0\.2\.100:80 +192\.0\.2\.1[12]$/m,
  );
  assert.equal(JSON.parse(await site.ask('list', '--json')).services[0].reals.length, 2);
  assert.match(
    await site.ask('list', '--stats'),
    /^Prot LocalAddress:Port +Conns +InPkts +OutPkts +InBytes +OutBytes\n {2}-> RemoteAddress:Port\nTCP {2}192\.0\.2\.100:80 +8 +\d\d\d? +0 +\d+ +0\n {2}-> 192\.0\.2\.11 +4 /,
  );

  site.servers[1]!.kill('SIGKILL');
  await until(
    () => /real server 192\.0\.2\.12 .* is dead: tcp: connection refused/.test(site.log),
    'the death to be noticed',
  );
  assert.deepEqual(await site.answers(6), Array(6).fill('ra'));
  assert.match(await site.ask('list'), /^ {2}-> 192\.0\.2\.12 +Route +0 +0 +\d+ +dead$/m);

  await site.kill('SIGKILL');
  assert.deepEqual(await site.answers(6), Array(6).fill('ra'));

  await site.start(2);
  assert.match(site.log, /l4: the maps of .* are adopted/);
  await until(() => (site.log.match(/192\.0\.2\.12 .* is dead/g) ?? []).length === 2, 'the second look');
  assert.deepEqual(await site.answers(6), Array(6).fill('ra'));
});

test('moat l4 top: rates of the last second, on a terminal until q is pressed', { skip }, async () => {
  await using site = new Site();
  await site.serve();
  site.configure(service(site));
  await site.start();
  let over = false;
  const traffic = (async () => {
    while (!over) await site.answers(4);
  })();
  try {
    const [, perSecond, packets] = /^TCP {2}192\.0\.2\.100:80 +(\d+) +(\d+) +0 /m.exec(
      await site.ask('list', '--rate'),
    )!;
    assert.ok(Number(perSecond) > 0 && Number(packets) > Number(perSecond));
    const top = await site.ask('top', '--once');
    assert.match(top, /^TCP {2}192\.0\.2\.100:80 +[\d.]+ +[\d.]+k? +0 +[\d.]+[kM]?b\/s +0b\/s +\d+ +\d+$/m);
    assert.match(top, /^ {2}-> 192\.0\.2\.12 .* alive$/m);
    assert.match(top, /^ {2}new +[\d.]+\/s$/m);
    const [first] = JSON.parse(await site.ask('top', '--json')).services;
    assert.ok(first.reals.every((real: { connections: number }) => real.connections > 0));

    const status = await site.director.run(MOAT, 'status', '-c', join(site.dir, 'moat.conf'), '-p', site.dir);
    assert.match(status.stdout, /^virtual server +state +active +connections +conn\/s +packets\/s$/m);
    assert.match(status.stdout, /^192\.0\.2\.100:80 tcp +\d+ +\d+ +[\d.]+/m);
    assert.match(status.stdout, /^ {2}192\.0\.2\.12 +alive +\d+ +\d+/m);
    const words = ['l4', 'top', '-c', join(site.dir, 'moat.conf'), '-p', site.dir];
    const terminal = site.director.start('script', '-qfec', [MOAT, ...words].join(' '), '/dev/null');
    let shown = '';
    terminal.stdout!.on('data', piece => (shown += piece));
    const closed = new Promise<number | null>(done => terminal.once('close', done));
    await until(() => (shown.match(/LocalAddress:Port/g) ?? []).length >= 2, 'two pictures');
    terminal.stdin!.write('q');
    assert.equal(await closed, 0);
    assert.ok(
      shown.startsWith('\x1b[?1049h') && shown.trimEnd().endsWith('\x1b[?1049l'),
      'the terminal is as before',
    );
  } finally {
    over = true;
    await traffic;
  }
});

test('moat run: reloads change what differs, a block that cannot be is refused, and one that is gone is taken out', {
  skip,
}, async () => {
  await using site = new Site();
  await site.serve();
  site.configure(service(site));
  await site.start();
  const reload = async (l4: string, says: RegExp) => {
    const before = site.log.length;
    site.configure(l4);
    site.moat!.kill('SIGHUP');
    await until(() => says.test(site.log.slice(before)), `the log to say ${says}`);
  };

  await reload(service(site, '', 'drain'), /is in force/);
  assert.deepEqual(await site.answers(4), Array(4).fill('ra'));

  await reload(service(site).replace('{', '{ attach nosuch0;'), /nosuch0.*stays/);
  assert.deepEqual(await site.answers(4), Array(4).fill('ra'));

  await reload(service(site, '', 'weight=3'), /is in force/);
  assert.equal(both(await site.answers(8)), 'ra,rb');

  assert.match(await site.ask('drain', '192.0.2.11'), /^192\.0\.2\.11 of 192\.0\.2\.100:80 tcp: drain$/m);
  assert.deepEqual(await site.answers(4), Array(4).fill('rb'));
  assert.match(await site.ask('list'), /192\.0\.2\.11 .* draining by command$/m);
  await reload(service(site), /is in force/);
  assert.deepEqual(await site.answers(4), Array(4).fill('rb'), 'a reload undid the drain');
  await site.ask('resume', '192.0.2.11', `${VIP}:80`);
  await site.ask('weight', '0', '192.0.2.12');
  assert.deepEqual(await site.answers(4), Array(4).fill('ra'));

  await reload('', /is in force/);
  assert.deepEqual(await site.answers(1), []);
  await site.kill('SIGQUIT');
});

test('moat run: its L4 process is started anew, and packets pass meanwhile', { skip }, async () => {
  await using site = new Site();
  await site.serve();
  site.configure(service(site));
  await site.start();
  const pids = site.director.do(`ip netns pids ${site.director.namespace}`).trim().split('\n').map(Number);
  const l4 = pids.find(pid => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('l4/process.ts'));
  process.kill(l4!, 'SIGKILL');
  assert.equal(both(await site.answers(4)), 'ra,rb');
  await until(() => /the L4 process is started anew/.test(site.log), 'a new process');
  assert.match(site.log, /the L4 process \d+ was ended by SIGKILL; packets are forwarded as before/);
  assert.equal(both(await site.answers(4)), 'ra,rb');
  await site.kill('SIGTERM');
  assert.equal(both(await site.answers(4)), 'ra,rb'); // as documented: the end of moat is not the end of forwarding
});
