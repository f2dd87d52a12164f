/** FRR's vrrpd on a host of a pair. It wants a macvlan interface with the virtual router's MAC address, which has the address all the time. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { monotonicMs } from '../../kit/monotonic.ts';
import { type Host, until } from '../lab/lab.ts';
import { PATIENCE_MS } from './owner.ts';
import type { Pair } from './pair.ts';

const FOLDER = '/usr/lib/frr';
const VRID = 51;

/** As it is called there. */
export type FrrState = 'Initialize' | 'Backup' | 'Master';

export class Frr {
  /** What vrrpd has written. */
  log = '';
  readonly #host: Host;
  readonly #family: 4 | 6;
  readonly #dir: string;
  readonly #changes: { readonly atMs: number; readonly state: FrrState }[] = [];
  #vrrpd: ChildProcess | undefined;

  /** @param lines of `vrrp 51` */
  constructor(pair: Pair, at: 0 | 1, lines: readonly string[]) {
    const { family } = pair.wiring;
    this.#host = pair.hosts[at];
    this.#family = family;
    this.#dir = pair.path(`frr-${at}`);
    mkdirSync(this.#dir);
    // It gives up being root.
    chmodSync(pair.path('.'), 0o711);
    chmodSync(this.#dir, 0o777);
    this.#host.do(`ip link add vrrp${family} link eth0 type macvlan mode bridge`);
    this.#host.do(
      `ip link set vrrp${family} address 00:00:5e:00:0${family === 4 ? 1 : 2}:${VRID.toString(16)}`,
    );
    this.#host.do(
      `ip address add ${pair.vip}/${family === 4 ? 24 : 64} dev vrrp${family}${family === 4 ? '' : ' nodad'}`,
    );
    this.#host.do(`ip link set vrrp${family} up`);
    const said = [
      'version 3',
      'advertisement-interval 1000',
      `${family === 4 ? 'ip' : 'ipv6'} ${pair.vip}`,
      ...lines,
    ];
    writeFileSync(join(this.#dir, 'zebra.conf'), '');
    writeFileSync(
      join(this.#dir, 'vrrpd.conf'),
      `interface eth0\n${said.map(line => ` vrrp ${VRID} ${line}\n`).join('')}`,
    );
    this.#run('zebra');
  }

  #run(program: 'zebra' | 'vrrpd'): ChildProcess {
    const at = (name: string) => join(this.#dir, name);
    const files = ['-f', at(`${program}.conf`), '-i', at(`${program}.pid`), '-z', at('zserv.api')];
    return this.#host.start(
      join(FOLDER, program),
      ...files,
      ...['--vty_socket', this.#dir, '-P', '0', '--log', 'stdout'],
    );
  }

  start(): this {
    const child = this.#run('vrrpd');
    createInterface({ input: child.stdout! }).on('line', line => {
      this.log += `${line}\n`;
      const [, family, state] = /\[IPv([46])\] \w+ -> (\w+)/.exec(line) ?? [];
      if (Number(family) === this.#family)
        this.#changes.push({ atMs: monotonicMs(), state: state as FrrState });
    });
    this.#vrrpd = child;
    return this;
  }

  /** Waits until it is that. @returns since when: ms of CLOCK_MONOTONIC */
  async becomes(state: FrrState): Promise<number> {
    const isSo = () => this.#changes.at(-1)?.state === state;
    await until(isSo, `FRR to be ${state}`, PATIENCE_MS).catch(fault => assert.fail(`${fault}\n${this.log}`));
    return this.#changes.at(-1)!.atMs;
  }

  /** It was that all the time since then. */
  assertSteady(state: FrrState, sinceMs: number): void {
    const since = this.#changes.filter(({ atMs }) => atMs > sinceMs);
    assert.deepEqual([this.#changes.at(-1)?.state, since], [state, []], this.log);
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#vrrpd!;
    const gone = new Promise(done => child.once('exit', done));
    child.kill(signal);
    await gone;
  }
}
