/** A host of a small network on this machine: a network namespace, and what runs in it. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { command, SYSTEM_PATHS } from './command.ts';
import { addNamespace, namespacePath, pidsIn, removeNamespace } from './namespace.ts';

export type RunResult = { status: number | null; stdout: string; stderr: string };

const PIPES: SpawnOptions = { stdio: ['pipe', 'pipe', 'pipe'] };
const POLL_MS = 20;
const PATIENCE_MS = 120_000;

/** Its commands see its interfaces, addresses and routes, and this machine's files. */
export class Host {
  readonly name: string;
  readonly namespace: string;
  readonly #children = new Set<ChildProcess>();
  readonly #onlookers = new Set<number>();

  constructor(name: string, namespace: string) {
    this.name = name;
    this.namespace = namespace;
    addNamespace(namespace);
    this.do('ip link set lo up');
    // A new namespace begins with the machine's own setting: where that forwards, as with Docker, a host would be a router here.
    this.set({ 'net/ipv4/ip_forward': 0 });
  }

  /** The words that run a command in here. */
  inside(...words: string[]): [string, ...string[]] {
    // A file in a bpffs must be seen from inside too: so the namespace is entered without a mount namespace of its own.
    return ['nsenter', `--net=${namespacePath(this.namespace)}`, ...words];
  }

  /** Runs a command line (split at spaces) and waits for it. @throws {Error} with its output, unless it ends with 0 */
  do(line: string): string {
    return command(this.inside(...line.split(' ')));
  }

  /** Runs lines of `ip`, in the order given. @throws {Error} at the first that fails */
  ip(...lines: string[]): void {
    command(this.inside('ip', '-batch', '-'), lines.map(line => `${line}\n`).join(''));
  }

  /** Settings of the kernel for this host: `net/ipv4/ip_forward` → value. Those that this kernel lacks are passed over. */
  set(settings: Readonly<Record<string, string | number>>): void {
    const lines = Object.entries(settings).map(
      ([path, value]) => `[ ! -e /proc/sys/${path} ] || echo ${value} > /proc/sys/${path}\n`,
    );
    command(this.inside('sh', '-e'), lines.join(''));
  }

  /** Runs a command to its end while this process goes on. */
  run(...words: string[]): Promise<RunResult> {
    const child = this.start(...words);
    let stdout = '';
    let stderr = '';
    child.stdout!.on('data', piece => (stdout += piece));
    child.stderr!.on('data', piece => (stderr += piece));
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', status => resolve({ status, stdout, stderr }));
    });
  }

  /** Starts a command that is killed when the host closes. */
  start(...words: string[]): ChildProcess {
    return this.spawn(words, PIPES);
  }

  spawn(words: readonly string[], options: SpawnOptions): ChildProcess {
    const [program, ...rest] = this.inside(...words);
    const child = spawn(program, rest, { env: SYSTEM_PATHS, ...options });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** Starts a program that watches the host and is no part of it: it can be talked to, and what ends all that runs in here spares it. */
  onlooker(words: readonly string[]): ChildProcess {
    const stdio: SpawnOptions['stdio'] = ['ignore', 'ignore', 'inherit', 'ipc'];
    const child = this.spawn(words, { stdio, detached: true });
    if (child.pid) this.#onlookers.add(child.pid);
    return child;
  }

  /** Numbers of all that runs in here, without onlookers. */
  get pids(): number[] {
    return pidsIn(this.namespace).filter(pid => !this.#onlookers.has(pid));
  }

  /** Whether a TCP server listens on a port in here. */
  listens(port: number): boolean {
    const hex = port.toString(16).toUpperCase().padStart(4, '0');
    const sockets = this.do('cat /proc/net/tcp /proc/net/tcp6');
    return new RegExp(`:${hex} [0-9A-F]+:0000 0A`).test(sockets);
  }

  /** Waits for it. */
  async listening(port: number): Promise<void> {
    await until(() => this.listens(port), `a server on port ${port} of ${this.name}`);
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    removeNamespace(this.namespace);
  }
}

/** Waits for a condition; the limit is only there so that whoever waits ends. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const end = Date.now() + patienceMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`Waited in vain for ${what}`);
    await new Promise(resolve => setTimeout(resolve, POLL_MS));
  }
}
