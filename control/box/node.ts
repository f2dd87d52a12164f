/** A host of the box with the process that it is there for. */
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from './net/host.ts';
import type { PlannedNode } from './plan.ts';

const POLL_MS = 20;
/** A machine that does much else takes a minute to start a program. */
const START_PATIENCE_MS = 180_000;
const LAST_LINES = 15;

export class Node {
  readonly plan: PlannedNode;
  readonly host: Host;
  /** For its files. */
  readonly dir: string;
  #child: ChildProcess | undefined;
  #isFrozen = false;

  constructor(plan: PlannedNode, host: Host, dir: string) {
    this.plan = plan;
    this.host = host;
    this.dir = dir;
    mkdirSync(dir);
  }

  get name(): string {
    return this.plan.name;
  }

  get runs(): boolean {
    return this.#child !== undefined;
  }

  /** The running process; its group has the same number. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Away from the terminal: what is typed there is for the box alone. Output goes to `output.log`. */
  spawn(words: readonly string[], { ipc }: { readonly ipc: boolean }): ChildProcess {
    const log = openSync(join(this.dir, 'output.log'), 'a');
    const stdio: SpawnOptions['stdio'] = ['ignore', log, log, ...(ipc ? ['ipc' as const] : [])];
    const child = this.host.spawn(words, { stdio, detached: true });
    closeSync(log);
    this.#child = child;
    child.once('error', () => this.#forget(child));
    child.once('exit', () => this.#forget(child));
    return child;
  }

  /** Says something to a process that was started with `ipc`. */
  tell(message: number): void {
    this.#child?.send(message);
  }

  #forget(child: ChildProcess): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#isFrozen = false;
  }

  /** It is stopped, and neither lives nor has died. */
  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** A signal for the process and all that it has started. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    if (!this.pid) return;
    process.kill(-this.pid, signal);
    this.#isFrozen = signal === 'SIGSTOP';
  }

  /** As an operator ends it; resolves when it is gone. */
  async end(): Promise<void> {
    const child = this.#child;
    if (!child?.pid) return;
    const gone = new Promise(done => child.once('exit', done));
    process.kill(child.pid, 'SIGTERM');
    await gone;
  }

  /** `kill -9` for the process and all that it has started; resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child?.pid) return;
    const gone = new Promise(done => child.once('exit', done));
    process.kill(-child.pid, 'SIGKILL');
    await gone;
  }

  /** Starts moat on the node's `moat.conf`. @throws {Error} with what it said, when it does not serve */
  async startMoat(moat: readonly string[]): Promise<void> {
    const pidPath = join(this.dir, 'moat.pid');
    rmSync(pidPath, { force: true }); // of one that was killed
    const child = this.spawn([...moat, 'run', '-c', join(this.dir, 'moat.conf')], { ipc: false });
    const end = performance.now() + START_PATIENCE_MS;
    while (!existsSync(pidPath)) {
      if (this.#child !== child)
        throw this.startFault('moat', `ended with ${child.exitCode ?? child.signalCode}`);
      if (performance.now() > end)
        throw this.startFault('moat', `is not ready after ${START_PATIENCE_MS / 1000} s`);
      await sleep(POLL_MS);
    }
  }

  /** That a program does not start here, and what was said last. */
  startFault(program: string, how: string): Error {
    return new Error(`${program} of ${this.name} ${how}${this.lastWords()}`);
  }

  /** The last lines of its logs, each on a line of its own after a colon; '' where there are none. */
  lastWords(): string {
    const logs = ['output.log', 'error.log'].map(name => join(this.dir, name)).filter(existsSync);
    const lines = logs.flatMap(path => readFileSync(path, 'latin1').trimEnd().split('\n').slice(-LAST_LINES));
    return lines.some(line => line !== '') ? `:\n${lines.map(line => `  ${line}\n`).join('')}` : '';
  }

  /** Where its moat answers questions. */
  get socketPath(): string {
    return join(this.dir, 'moat.sock');
  }
}
