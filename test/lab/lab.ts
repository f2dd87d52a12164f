/** A small network on this machine: hosts are network namespaces, wires are veth pairs into a bridge. Gone at the end, whatever happens. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Capture } from './capture.ts';

const PREFIX = 'mlab';
const NAMESPACES = '/run/netns';

/** Why there can be no lab here, or false: for `test(…, { skip })`. */
export function labMissing(...programs: string[]): string | false {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  for (const program of ['ip', 'nsenter', 'ethtool', 'tcpdump', ...programs]) {
    if (spawnSync('sh', ['-c', `command -v ${program}`], { env: PATHS }).status !== 0)
      return `no ${program} here`;
  }
  const probe = spawnSync('unshare', ['--net', 'true']);
  return probe.status === 0 ? false : 'network namespaces are not allowed here';
}

const PATHS = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };

/** When a process began, in the kernel's ticks: with its number a name that is never used again. */
function startOf(pid: number | 'self'): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')[19];
  } catch {
    return undefined; // there is no such process
  }
}

function command(...words: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(words[0]!, words.slice(1), {
    encoding: 'utf8',
    env: PATHS,
  });
  if (status === 0) return stdout;
  throw new Error(`Cannot run ${words.join(' ')}: ${error?.message ?? `${status}: ${stderr}${stdout}`}`);
}

/** Ends what runs in a namespace and removes it, and with it every wire that ends there. */
function removeNamespace(name: string): void {
  const pids = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8', env: PATHS }).stdout ?? '';
  for (const pid of pids.split('\n').map(Number)) {
    if (pid > 1 && pid !== process.pid) endProcess(pid);
  }
  spawnSync('ip', ['netns', 'delete', name], { env: PATHS });
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'ESRCH') throw fault; // it ended by itself
  }
}

/** Removes what labs have left whose process is gone: they were killed before they could do it. */
export function sweepLabs(): void {
  if (!existsSync(NAMESPACES)) return;
  for (const name of readdirSync(NAMESPACES)) {
    const [prefix, pid, start] = name.split('-');
    if (prefix === PREFIX && startOf(Number(pid)) !== start) removeNamespace(name);
  }
}

export type RunResult = { status: number | null; stdout: string; stderr: string };
export type Wire = { addresses?: string[]; mtu?: number; mac?: string };

/** A host of the lab. Its commands see its interfaces, addresses and routes, and this machine's files. */
export class Host {
  readonly name: string;
  readonly namespace: string;
  readonly #children: ChildProcess[] = [];
  readonly #captures: Capture[] = [];

  constructor(name: string, namespace: string) {
    this.name = name;
    this.namespace = namespace;
    command('ip', 'netns', 'add', namespace);
    // A file in a bpffs must be seen from inside too: so the namespace is entered without a mount namespace of its own.
    this.do('ip link set lo up');
  }

  /** The words that run a command in here. */
  inside(...words: string[]): [string, ...string[]] {
    return ['nsenter', `--net=${NAMESPACES}/${this.namespace}`, ...words];
  }

  /** Runs a command line (split at spaces) and waits for it. @throws {Error} with its output, unless it ends with 0 */
  do(line: string): string {
    return command(...this.inside(...line.split(' ')));
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

  /** Starts a command that is killed when the lab closes. */
  start(...words: string[]): ChildProcess {
    const [program, ...rest] = this.inside(...words);
    const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'], env: PATHS });
    this.#children.push(child);
    return child;
  }

  /** Watches an interface. @param filter as tcpdump takes it */
  async capture(interfaceName: string, filter = ''): Promise<Capture> {
    const child = this.start('tcpdump', '-lnn', '-U', '--immediate-mode', '-i', interfaceName, filter);
    const capture = new Capture(child);
    this.#captures.push(capture);
    await capture.started;
    return capture;
  }

  /** Waits until a TCP server listens on a port in here. */
  async listening(port: number): Promise<void> {
    const hex = port.toString(16).toUpperCase().padStart(4, '0');
    await until(() => {
      const sockets = this.do('cat /proc/net/tcp /proc/net/tcp6');
      return new RegExp(`:${hex} [0-9A-F]+:0000 0A`).test(sockets);
    }, `a server on port ${port} of ${this.name}`);
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    removeNamespace(this.namespace);
  }
}

/** Waits for a condition; the limit is only there so that a test ends. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`Waited in vain for ${what}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

/** All hosts of one test, and the switch between them. `close()` it, or declare it with `using`. */
export class Lab implements Disposable {
  readonly #tag: string;
  readonly #hosts: Host[] = [];
  readonly #switch: Host;
  #wires = 0;

  constructor() {
    sweepLabs();
    labs++;
    this.#tag = `${PREFIX}-${process.pid}-${startOf('self')}-${labs}`;
    this.#switch = this.host('switch');
  }

  /** @param name at most a few letters, without '-' */
  host(name: string): Host {
    const host = new Host(name, `${this.#tag}-${name}`);
    this.#hosts.push(host);
    return host;
  }

  /** A network of its own: an Ethernet switch that hosts are wired to. */
  network(name: string, mtu = 1500): string {
    this.#switch.do(`ip link add ${name} mtu ${mtu} type bridge forward_delay 0`);
    this.#switch.do(`ip link set ${name} up`);
    return name;
  }

  /** Wires a host to a network by an interface. @returns the name of the switch's end */
  wire(
    host: Host,
    interfaceName: string,
    network: string,
    { addresses = [], mtu = 1500, mac }: Wire = {},
  ): string {
    const port = `p${++this.#wires}`;
    const make = `ip link add ${port} mtu ${mtu} type veth peer name ${interfaceName} mtu ${mtu}`;
    this.#switch.do(`${make} netns ${host.namespace}`);
    this.#switch.do(`ip link set ${port} master ${network} up`);
    if (mac) host.do(`ip link set ${interfaceName} address ${mac}`);
    // Nobody waits a second for duplicate address detection, and no router is asked for.
    for (const setting of [
      'accept_dad=0',
      'accept_ra=0',
      'router_solicitations=0',
      'mldv2_unsolicited_report_interval=0',
    ]) {
      host.do(`sysctl -qw net/ipv6/conf/${interfaceName}/${setting}`);
    }
    host.do(`ip link set ${interfaceName} up`);
    for (const address of addresses) host.do(`ip address add ${address} dev ${interfaceName}`);
    return port;
  }

  /** Runs a command line where the switch's ends of the wires are. */
  onSwitch(line: string): string {
    return this.#switch.do(line);
  }

  /** The words that run a command where the switch is. */
  get switchHost(): Host {
    return this.#switch;
  }

  close(): void {
    for (const host of this.#hosts.splice(0).reverse()) host.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

// Two labs of one process must not share names.
let labs = 0;
