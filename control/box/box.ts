/** The box: both tiers on hosts of their own, which are network namespaces of this machine. */
import { randomBytes } from 'node:crypto';
import { rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ClusterFigures, ClusterOrder } from '#cluster';
import type { L4Figures, Order, RealFigures } from '#l4';
import type { ForwardMode } from '#model/l4/virtual-server.ts';
import { apiBlock, writeSite } from '../demo/site.ts';
import { ask } from '../status/client.ts';
import { type Claim, claim, clean } from './claim.ts';
import { clusterBlock, holdersOf, WITNESS_PORT } from './cluster.ts';
import { directorConfiguration, membersOf, proxyLines, SERVER_PORT } from './configuration.ts';
import { FLOOD, type FloodOrder } from './flood-order.ts';
import { type Loss, lose } from './loss.ts';
import { command } from './net/command.ts';
import { until } from './net/host.ts';
import { killAll } from './net/namespace.ts';
import { hasIp6, type Network } from './net/network.ts';
import type { Node } from './node.ts';
import { inUrl, type Plan, planOf, type Role, type WitnessKind } from './plan.ts';
import { NO_PROBE, type ProbeOrder, type ProbeReport } from './silence.ts';
import { type Standing, standingOf } from './standing.ts';
import { NO_TRAFFIC, type TrafficOrder, type TrafficReport } from './traffic.ts';
import { wire } from './wiring.ts';

export interface BoxOptions {
  readonly mode: ForwardMode;
  readonly http: number;
  readonly https: number;
  /** Requests a second of the client. */
  readonly perSecond: number;
  readonly directors: 0 | 1 | 2;
  readonly witness: WitnessKind;
  /** The words that run moat. */
  readonly moat: readonly string[];
  /** What moat writes to has so much room on each node, a disk that can be filled; without it that of the machine. */
  readonly diskBytes?: number;
  /** Where the consoles of directors and proxies listen, in their order; none without it. */
  readonly consolePorts?: readonly number[];
}

/** Of each proxy: they share the machine with all the others. */
const WORKERS = 2;
const SECRET_BYTES = 16;
/** The virtual addresses are pinged so often. */
const PING_MS = 5;
const KEPT_CONNECTIONS = 20;
/** One that hangs does not answer. */
const ASK_MS = 1000;
const SETTLE_PATIENCE_MS = 30_000;
const POLL_MS = 20;
/** Logs lie in memory, and a box may run for days. */
const MOST_LOG_BYTES = 4 << 20;
/** In a namespace the drivers of interfaces are not seen, so none is to be guessed from. */
const UNWRAP = ['--interface', 'eth0', '--attach', 'xdp-generic'] as const;
/** It was killed, or starts: it tells nothing now. */
const silent = () => undefined;
const entry = (name: string): string => fileURLToPath(new URL(`./${name}.ts`, import.meta.url));

export class Box {
  readonly plan: Plan;
  readonly options: BoxOptions;
  readonly nodes: readonly Node[];
  /** What the client has told last. */
  traffic: TrafficReport = NO_TRAFFIC;
  /** What the probe has told last. */
  probe: ProbeReport = NO_PROBE;
  readonly #claim: Claim;
  readonly #told = new Map<string, L4Figures | undefined>();
  readonly #routers = new Map<string, ClusterFigures | undefined>();
  /** The switch's ends of the nodes' wires, which are pulled there. */
  readonly #ports: ReadonlyMap<string, readonly string[]>;
  readonly #network: Network;

  private constructor(plan: Plan, options: BoxOptions, claimed: Claim) {
    const { network, nodes, ports } = wire(plan, claimed.dir);
    this.plan = plan;
    this.options = options;
    this.nodes = nodes;
    this.#claim = claimed;
    this.#network = network;
    this.#ports = ports;
  }

  /**
   * Builds the hosts and starts what runs on them.
   *
   * @param interrupt ends a start half way
   * @throws {Error} with the reason; then nothing is left of it
   */
  static async open(options: BoxOptions, interrupt: AbortSignal): Promise<Box> {
    const claimed = await claim();
    try {
      const plan = planOf({ ...options, number: claimed.number, ip6: hasIp6() });
      const box = new Box(plan, options, claimed);
      await box.#start(interrupt);
      return box;
    } catch (fault) {
      await clean(claimed.number);
      claimed.release();
      throw fault;
    }
  }

  async #start(interrupt: AbortSignal): Promise<void> {
    this.#mountDisks();
    this.#configure();
    interrupt.throwIfAborted();
    await Promise.all([...this.of('server'), ...this.of('witness')].map(node => this.startNode(node)));
    interrupt.throwIfAborted();
    await Promise.all(this.of('proxy').map(node => this.#joinService(node)));
    interrupt.throwIfAborted();
    await Promise.all([...this.of('proxy'), ...this.of('director')].map(node => this.startNode(node)));
    interrupt.throwIfAborted();
    await this.#awaitHolder(interrupt);
    interrupt.throwIfAborted();
    await Promise.all(this.of('client').map(node => this.startNode(node)));
  }

  /**
   * Connections end with the turn of a proxy, so it is waited for that the first one has them.
   *
   * @throws {Error} with what those said last that should have them
   */
  async #awaitHolder(interrupt: AbortSignal): Promise<void> {
    try {
      const isInPlace = () => this.plan.directors > 0 || this.active === this.rightful;
      await until(
        async () => interrupt.aborted || ((await this.isHeld()) && isInPlace()),
        'a node that has the virtual addresses',
      );
    } catch (cause) {
      const words = this.holders.map(node => `${node.name}${node.lastWords() || ' has said nothing\n'}`);
      throw new Error(`no node, or more than one, has the virtual addresses. ${words.join('')}`, { cause });
    }
  }

  /** They go with all other mounts below the box's folder. */
  #mountDisks(): void {
    const { diskBytes } = this.options;
    if (diskBytes === undefined) return;
    for (const { dir } of this.appliances)
      command(['mount', '-t', 'tmpfs', '-o', `size=${diskBytes},mode=755`, 'tmpfs', dir]);
  }

  #configure(): void {
    const { plan } = this;
    const secret = randomBytes(SECRET_BYTES).toString('hex');
    for (const node of this.of('proxy'))
      writeSite(node.dir, {
        ...plan,
        addresses: plan.ip6 ? ['0.0.0.0', '[::]'] : ['0.0.0.0'],
        members: membersOf(plan),
        workers: WORKERS,
        more: proxyLines(node.plan, secret),
        beside: this.#consoleBlock(node) + clusterBlock(plan, node.plan, { dir: node.dir, secret }),
      });
    for (const node of this.of('director')) {
      const pinPath = join(this.#claim.bpf, node.name);
      const text = directorConfiguration(plan, node.plan, { dir: node.dir, pinPath, secret });
      writeFileSync(join(node.dir, 'moat.conf'), text + this.#consoleBlock(node), { mode: 0o600 });
    }
  }

  /** Those that run moat. */
  get appliances(): Node[] {
    return [...this.of('director'), ...this.of('proxy')];
  }

  #consoleBlock(node: Node): string {
    const port = this.options.consolePorts?.[this.appliances.indexOf(node)];
    return port === undefined ? '' : apiBlock(port, node.dir);
  }

  /** What an operator does on a real server of direct routing. */
  async #joinService(node: Node): Promise<void> {
    const { mode, virtual, directors } = this.plan;
    if (mode === 'fullnat' || directors === 0) return;
    const words = [
      ...[...this.options.moat, 'real-server', 'join', '--mode', mode, '--record', join(node.dir, 'joined')],
      ...(mode === 'dr' ? [] : this.#waysBack().flatMap(address => ['--director', address])),
      ...(mode === 'tun' ? [...UNWRAP, '--pin-path', join(this.#claim.bpf, node.name)] : []),
      ...virtual,
    ];
    const { status, stderr } = await node.host.run(...words);
    if (status !== 0) throw new Error(`${node.name} cannot join: ${stderr}`);
  }

  /** The directors as real servers know them: where tunnels begin, or where answers go by way of. */
  #waysBack(): readonly string[] {
    const { mode, gateways } = this.plan;
    return mode === 'nat' ? gateways : this.of('director').flatMap(({ plan }) => plan.addresses);
  }

  of(role: Role): Node[] {
    return this.nodes.filter(({ plan }) => plan.role === role);
  }

  /** Starts the process that the node is there for. @throws {Error} with what it said */
  async startNode(node: Node): Promise<void> {
    switch (node.plan.role) {
      case 'director':
      case 'proxy':
        return node.startMoat(this.options.moat);
      case 'server':
        return this.#startServer(node);
      case 'witness':
        return this.#startWitness(node);
      case 'client':
        return this.#startClient(node);
      case 'attacker':
        return;
    }
  }

  #startServer(node: Node): Promise<void> {
    const words = [
      process.execPath,
      entry('server'),
      node.name,
      String(SERVER_PORT),
      node.plan.addresses[0]!,
    ];
    const child = node.spawn(words, { ipc: true });
    return new Promise((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', () => reject(node.startFault('the server', 'has ended')));
    });
  }

  /** What a lock is worth that is lost with its process: the right is asked for anew. */
  async #startWitness(node: Node): Promise<void> {
    const [address = ''] = node.plan.addresses;
    const where = ['--bind', address, '--port', `${WITNESS_PORT}`, '--dir', node.dir];
    node.spawn(['redis-server', ...where, '--protected-mode', 'no', '--save', ''], { ipc: false });
    await until(() => !node.runs || node.host.listens(WITNESS_PORT), 'redis-server');
    if (!node.runs) throw node.startFault('redis-server', 'has ended');
  }

  async #startClient(node: Node): Promise<void> {
    const base = this.plan.virtual.map(address => `http://${inUrl(address)}:${this.plan.http}`);
    const order: TrafficOrder = {
      urls: base.map(start => `${start}/round/`),
      perSecond: this.options.perSecond,
      download: `${base[0]}/round/download`,
      kept: KEPT_CONNECTIONS,
    };
    const child = node.spawn([process.execPath, entry('client'), JSON.stringify(order)], { ipc: true });
    child.on('message', message => (this.traffic = message as TrafficReport));
    this.#startProbe(node);
  }

  #startProbe({ host }: Node): void {
    const order: ProbeOrder = { addresses: this.plan.virtual, everyMs: PING_MS };
    const child = host.spawn([process.execPath, entry('probe'), JSON.stringify(order)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      detached: true,
    });
    child.on('message', message => (this.probe = message as ProbeReport));
  }

  /** A SYN flood; one at a time. @returns how many SYN it has sent, at its end; undefined when one is on */
  flood(): Promise<number> | undefined {
    const [attacker] = this.of('attacker');
    if (!attacker || attacker.runs) return undefined;
    const { virtual, http: port, nobody: from } = this.plan;
    const order: FloodOrder = { ...FLOOD, to: virtual[0]!, port, from };
    const child = attacker.spawn([process.execPath, entry('flood'), JSON.stringify(order)], { ipc: true });
    let sent = 0;
    child.once('message', count => (sent = Number(count)));
    return new Promise(done => child.once('close', () => done(sent)));
  }

  /** Asks the directors again, and who has addresses in turn. @returns the directors' answers, of those that have a moat */
  async look(): Promise<L4Figures[]> {
    const asked = this.of('director').map(async node => {
      const figures = await answerOf(node, 'l4');
      this.#told.set(node.name, figures);
      return figures;
    });
    const routers = this.holders.map(async node =>
      this.#routers.set(node.name, await answerOf(node, 'vrrp')),
    );
    const [answers] = await Promise.all([Promise.all(asked), Promise.all(routers)]);
    return answers.filter(answer => !!answer);
  }

  /** Those that have the virtual addresses in turn; the first has them when all is well. */
  get holders(): Node[] {
    const names = holdersOf(this.plan).map(({ name }) => name);
    return this.nodes.filter(({ name }) => names.includes(name));
  }

  /** Where one stands, as it has told last; undefined while its moat does not answer. */
  standing({ name }: Node): Standing | undefined {
    return standingOf(this.#routers.get(name));
  }

  /** Who has them all, by its own word. */
  get active(): Node | undefined {
    return this.holders.find(node => this.standing(node)?.state === 'active');
  }

  /** Of the process that speaks VRRP there. @throws {Error} when it does not answer */
  routerPid({ name }: Node): number {
    const figures = this.#routers.get(name);
    if (!figures) throw new Error(`${name} does not answer`);
    return figures.pid;
  }

  /** Directors that answer know each other's connections; one that is alone has nobody to know of. */
  get #areInStep(): boolean {
    const told = this.of('director').flatMap(node => this.told(node) ?? []);
    return told.length < 2 || told.every(({ sync }) => sync?.state === 'in-step');
  }

  /** Waits until the addresses are where they belong, and the directors in step, or long enough. */
  settled(): Promise<void> {
    return this.#patiently(() => this.active === this.rightful && this.#areInStep);
  }

  /** Waits until one node alone has the addresses, whichever it is, or long enough. */
  held(): Promise<void> {
    return this.#patiently(() => true);
  }

  async #patiently(isWell: () => boolean): Promise<void> {
    const end = performance.now() + SETTLE_PATIENCE_MS;
    while (!(await this.isHeld()) || !isWell()) {
      if (performance.now() > end) return;
      await sleep(POLL_MS);
    }
  }

  /** The client asks, downloads and holds all connections that it was told to. */
  get isBusy(): boolean {
    const { answered, download, kept } = this.traffic;
    return answered > 0 && download.bytes > 0 && kept.open === KEPT_CONNECTIONS;
  }

  /** All addresses that move from one node to the other. */
  get movable(): readonly string[] {
    const { virtual, sources, gateways } = this.plan;
    return [...virtual, ...sources, ...gateways];
  }

  /** Asks the kernels, and no process: who has any of the virtual addresses. */
  owners(): Node[] {
    return this.holders.filter(({ host }) => {
      const shown = host.do('ip -o address show').split(/\s+/);
      return this.plan.virtual.some(address => shown.some(word => word.startsWith(`${address}/`)));
    });
  }

  /** Who has them when all has settled: the first that takes part and has not given them away. */
  get rightful(): Node | undefined {
    return this.holders.find(node => {
      const standing = this.standing(node);
      return standing !== undefined && standing.state !== 'out' && !standing.yielding;
    });
  }

  /** One of the nodes, and one alone, has the virtual addresses, and says so. */
  async isHeld(): Promise<boolean> {
    await this.look();
    const owners = this.owners();
    return owners.length === 1 && owners[0] === this.active;
  }

  /** @throws {Error} with the refusal */
  async orderRouters(node: Node, order: ClusterOrder): Promise<readonly string[]> {
    const answer = await ask(node.socketPath, 'vrrp-order', JSON.stringify(order));
    if ('fault' in answer) throw new Error(answer.fault);
    return answer.done;
  }

  /** Pulls the node's first wire out of the switch, or puts it back. */
  plug(node: Node, isIn: boolean): void {
    this.#set(this.portsOf(node).slice(0, 1), isIn);
  }

  /** The switch's ends of its wires, in their order. */
  portsOf({ name }: Node): readonly string[] {
    return this.#ports.get(name) ?? [];
  }

  #set(ports: readonly string[], isUp: boolean): void {
    for (const port of ports) this.#network.onSwitch(`ip link set ${port} ${isUp ? 'up' : 'down'}`);
  }

  /** All wires dead and all processes gone at once; what a kernel knew is gone with it: addresses, eBPF programs, maps. */
  async powerOff(node: Node): Promise<void> {
    this.#set(this.portsOf(node), false);
    killAll(node.host.pids);
    await node.kill();
    for (const address of this.movable) await node.host.run('ip', 'address', 'flush', 'to', address);
    rmSync(join(this.#claim.bpf, node.name), { recursive: true, force: true });
  }

  async powerOn(node: Node): Promise<void> {
    this.#set(this.portsOf(node), true);
    await this.startNode(node);
  }

  /** The switch drops some packets. @returns ends it */
  lose(...losses: Loss[]): () => void {
    return lose(this.#network, losses);
  }

  /** What a director has told last; undefined while its moat does not answer. */
  told(director: Node): L4Figures | undefined {
    return this.#told.get(director.name);
  }

  /** What a proxy is to the directors, once for each address that it is reached by. */
  realsOf(proxy: Node): RealFigures[] {
    return [...this.#told.values()].flatMap(figures =>
      (figures?.services ?? []).flatMap(({ reals }) =>
        reals.filter(({ address }) => proxy.plan.addresses.includes(address)),
      ),
    );
  }

  statesOf(proxy: Node): RealFigures['state'][] {
    return this.realsOf(proxy).map(({ state }) => state);
  }

  /** Tells every director that has a moat what to do with a proxy. @throws {Error} with the refusal, or when there is none */
  async order(proxy: Node, order: Order): Promise<void> {
    const directors = this.of('director').filter(({ runs }) => runs);
    if (directors.length === 0) throw new Error('no director has a moat that could be told');
    for (const director of directors)
      for (const real of proxy.plan.addresses) {
        const answer = await ask(director.socketPath, 'l4-order', JSON.stringify({ order, real }));
        if ('fault' in answer) throw new Error(answer.fault);
      }
  }

  /** Empties logs that have grown too large. */
  trimLogs(): void {
    for (const node of this.nodes)
      for (const name of ['error.log', 'output.log']) {
        const path = join(node.dir, name);
        const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
        if (size > MOST_LOG_BYTES) truncateSync(path);
      }
  }

  /** Ends everything. @returns what could not be removed */
  async close(): Promise<string[]> {
    await Promise.all(this.nodes.map(node => node.kill()));
    const left = await clean(this.plan.number);
    this.#claim.release();
    return left;
  }
}

/** Undefined: it was killed, starts, or hangs. */
async function answerOf<Q extends 'l4' | 'vrrp'>(node: Node, question: Q) {
  if (!node.runs || node.isFrozen) return undefined;
  const late = sleep(ASK_MS, undefined, { ref: false });
  return (await Promise.race([ask(node.socketPath, question).catch(silent), late])) ?? undefined;
}
