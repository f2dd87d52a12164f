/** When health checks come: a real server that notes them, asked by a running moat. Orders and spreads are held, no speed. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { programMissing } from '../l4/program.ts';
import { type Host, labMissing, until } from '../lab/lab.ts';
import { Site, VIP } from './l4-site.ts';

const skip = labMissing() || programMissing();
const REAL = '192.0.2.11';
/** Ports where checks are noted; on the one after the last nobody listens. */
const FIRST_PORT = 7000;
const PORTS = 20;
const CLOSED_PORT = FIRST_PORT + PORTS;

/** By port: when each of its checks came, in milliseconds of the real server's clock. */
class Notes {
  readonly #times = new Map<number, number[]>();

  async listen(host: Host): Promise<void> {
    const program = `for (let at = 0; at < ${PORTS}; at++)
      require('node:net').createServer(socket => {
        console.log(${FIRST_PORT} + at, performance.now());
        socket.on('error', () => {}).end();
      }).listen(${FIRST_PORT} + at);`;
    let rest = '';
    host.start(process.execPath, '-e', program).stdout!.on('data', piece => {
      const lines = (rest + piece).split('\n');
      rest = lines.pop()!;
      for (const line of lines) this.#note(line.split(' ').map(Number));
    });
    for (let port = FIRST_PORT; port < CLOSED_PORT; port++) await host.listening(port);
  }

  #note([port = 0, ms = 0]: readonly number[]): void {
    this.#times.set(port, [...this.of(port), ms]);
  }

  of(port: number): readonly number[] {
    return this.#times.get(port) ?? [];
  }

  gapsOf(port: number): number[] {
    return this.of(port)
      .slice(1)
      .map((ms, at) => ms - this.of(port)[at]!);
  }
}

const allPorts = Array.from({ length: PORTS }, (_, at) => FIRST_PORT + at);
const spreadOf = (values: readonly number[]) => Math.max(...values) - Math.min(...values);

const conf = (ports: readonly number[], check: string) =>
  `virtual_server ${VIP}:${ports[0]} tcp { mode nat; ${ports.map(port => `real_server ${REAL}:${port};`).join(' ')}
    health_check tcp ${check}; }`;

async function begin(site: Site, ...servers: string[]): Promise<Notes> {
  const notes = new Notes();
  await notes.listen(site.reals[0]!);
  site.configure(
    `l4 { pin_path ${join(site.pins, 'moat')}; hash_secret 0123456789abcdef; ${servers.join('\n')} }`,
  );
  await site.start();
  return notes;
}

test('health checks: the first one comes at once and decides by itself, however long the interval', {
  skip,
}, async () => {
  await using site = new Site();
  const ports = [...allPorts, CLOSED_PORT];
  const notes = await begin(site, conf(ports, 'interval=1h rise=5 fall=5 mandatory'));
  const told = (port: number) =>
    new RegExp(`real server ${REAL}:${port} of .* is (alive|dead): `).exec(site.log)?.[1];
  await until(() => ports.every(told), 'a verdict of each');
  await until(() => allPorts.every(port => notes.of(port).length > 0), 'what was noted to be read');
  assert.deepEqual(ports.map(told), [...allPorts.map(() => 'alive'), 'dead']);
  assert.deepEqual(
    allPorts.map(port => notes.of(port).length),
    allPorts.map(() => 1),
  );
});

test('health checks: real servers that were asked together first are parted from each other by the second time', {
  skip,
}, async () => {
  await using site = new Site();
  const notes = await begin(site, conf(allPorts, 'interval=2s jitter=0'));
  await until(() => allPorts.every(port => notes.of(port).length >= 2), 'two checks of each');
  const pauses = allPorts.map(port => notes.gapsOf(port)[0]!);
  // Each draws its own from half of the interval to all of it: twenty of them are not within a fifth of that.
  assert.ok(spreadOf(pauses) > 200, `pauses of ${pauses.map(Math.round).join(' ')} ms`);
});

test('health checks: with jitter no distance is like the other, and it comes on top of the interval', {
  skip,
}, async () => {
  await using site = new Site();
  const [late = 0, steady = 0] = allPorts;
  const notes = await begin(
    site,
    conf([late], 'interval=100ms jitter=500ms'),
    conf([steady], 'interval=100ms jitter=0'),
  );
  await until(() => notes.of(late).length >= 12, 'checks');
  const gaps = notes.gapsOf(late).slice(1);
  assert.ok(spreadOf(gaps) > 100, `distances of ${gaps.map(Math.round).join(' ')} ms`);
  assert.ok(notes.of(steady).length > notes.of(late).length, 'jitter made checks more frequent');
});
