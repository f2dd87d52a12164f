/** Starts programs on given cores and ends all of them, whatever happens. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export type Spawn = {
  /** A list of cores as taskset takes it. */
  cores: string;
  cwd?: string;
  env?: Readonly<Record<string, string>>;
  /** A file descriptor that takes its standard output in place of us. */
  stdout?: number;
};

/** A running program: `output` is what it said so far on both streams. */
export type Child = { readonly pid: number; readonly process: ChildProcess; output(): string };

/** As many open files as this process may allow: its hard limit, which few distributions set as the soft one. */
const FILES =
  /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? '1024';

export class Children implements AsyncDisposable {
  readonly #running = new Set<ChildProcess>();

  /** Starts `argv` in a process group of its own; it is told to end when this process is gone. */
  spawn(argv: readonly string[], { cores, cwd, env = {}, stdout }: Spawn): Child {
    const line = [
      'prlimit',
      `--nofile=${FILES}:${FILES}`,
      'taskset',
      '-c',
      cores,
      'setpriv',
      '--pdeathsig',
      'TERM',
      ...argv,
    ];
    const child = spawn(line[0]!, line.slice(1), {
      detached: true,
      stdio: ['pipe', stdout ?? 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      ...(cwd ? { cwd } : {}),
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('latin1').on('data', text => (output += text));
    child.once('error', error => (output += error.message));
    child.stdin?.on('error', () => {}); // it may end before it is told to
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return { pid: child.pid ?? 0, process: child, output: () => output };
  }

  /** Runs a program to its end. @returns its standard output @throws with all that it said when it fails */
  async run(argv: readonly string[], options: Spawn): Promise<string> {
    const child = this.spawn(argv, options);
    const [code] = await once(child.process, 'close');
    if (code !== 0) throw new Error(`${argv[0]} ended with ${code}: ${child.output()}`);
    return child.output();
  }

  /** Ends one program and its group: TERM, and KILL after three seconds. */
  async end(child: ChildProcess): Promise<void> {
    if (child.pid === undefined) return;
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      signalGroup(child.pid, signal);
      for (let waitedMs = 0; waitedMs < 3000 && groupLives(child.pid); waitedMs += 20) await sleep(20);
    }
    this.#running.delete(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running].map(child => this.end(child)));
  }
}

const groupLives = (pid: number) => signalGroup(pid, 0);

/** @returns whether there was anyone in the group */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}
