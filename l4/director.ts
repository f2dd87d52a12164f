/** The director: brings configuration and the state of real servers into the kernel, and keeps them there. */
import { setImmediate } from 'node:timers/promises';
import type { AttachModel, L4Model } from '#model/l4/l4.ts';
import type { VirtualServerModel } from '#model/l4/virtual-server.ts';
import { effectiveCapabilities, missingCapabilities } from '#native/capabilities.ts';
import { changesBetween } from './changes.ts';
import { compileTables, releaseReals } from './compile.ts';
import { type Conditions, conditionOf, type ServiceCondition } from './condition.ts';
import { DataPlane, type DataPlaneOptions } from './data-plane.ts';
import { defaultAttach } from './default-attach.ts';
import type { L4Figures, LeaseFigures, NamedFlow, RealFigures } from './figures.ts';
import { entriesAmong, Fullness } from './fullness.ts';
import type { Teller } from './health/teller.ts';
import { Watch } from './health/watch.ts';
import { NO_PEER, type PeerReals } from './peer-reals.ts';
import { folderOf } from './pins.ts';
import { keptSecret } from './secret.ts';
import type { RealCounts } from './statistics.ts';
import { SyncLink } from './sync/link.ts';
import type { L4Tables, RealTable } from './tables.ts';

/** How often the table is looked at, and real servers that have left: those without flows are forgotten. */
const LOOK_MS = 5000;
/** The lease is renewed so often within its time. */
const RENEWALS = 4;
/** Flows that are read in one go. */
const PIECE = 1000;
/** A successor that has not begun within this time will not: then nobody vouches for this director. */
const HAND_OVER_MS = 30_000;

interface Standing {
  readonly model: L4Model | undefined;
  readonly tables: L4Tables | undefined;
}

export class Director {
  readonly #log: Teller;
  readonly #watch: Watch;
  readonly #drawnSecret: () => string;
  readonly #fullness: Fullness;
  readonly #sync: SyncLink;
  #plane: DataPlane | undefined;
  /** What the other director has told of real servers; it holds on when that one falls silent. */
  #peer = NO_PEER;
  #pinPath = '';
  #model: L4Model | undefined;
  /** What the maps hold as far as this process has written them. */
  #tables: L4Tables | undefined;
  readonly #bornMs = performance.now();
  #lease: NodeJS.Timeout | undefined;
  #release: NodeJS.Timeout | undefined;

  constructor(log: Teller, drawnSecret: () => string = keptSecret) {
    this.#log = log;
    this.#fullness = new Fullness(message => log.warn(message));
    this.#drawnSecret = drawnSecret;
    this.#sync = new SyncLink(log, reals => this.#hearPeer(reals));
    this.#watch = new Watch({
      log: () => log,
      nowMs: () => performance.now(),
      random: Math.random,
      changed: () => this.#refresh(),
      steer: (path, real) => {
        if (!this.#plane) throw new Error('nothing is forwarded yet');
        return this.#plane.steering.steer(path, real);
      },
    });
  }

  /** Forwards by this configuration from now on. @throws {Error} with the reason; then it forwards as before */
  configure(model: L4Model): void {
    const before = { model: this.#model, tables: this.#tables };
    const plane = this.#open(model);
    this.#watch.follow(model);
    try {
      const tables = this.#compile(model);
      const wishes = model.attach.length > 0 ? model.attach : defaultAttach(tables);
      // First what takes long: a predecessor keeps the lease until this process does.
      plane.load(wishes);
      // Before the settings ask for it: not one packet may meet a lease that has not begun.
      if (model.leaseMs !== undefined) plane.renewLease(model.leaseMs);
      plane.apply(changesBetween(this.#tables, tables));
      this.#tables = tables;
      this.#attach(plane, wishes);
      plane.steering.follow(
        steeredReals(model),
        plane.attached.map(one => one.interface),
        new Set(tables.services.flatMap(({ endpoints }) => endpoints.map(({ address }) => address))),
      );
      for (const other of plane.dropOthers())
        this.#log.warn(
          `l4: what another version of moat had in ${other} has ended, and its connections with it`,
        );
      this.#keepLease(plane, model.leaseMs);
      this.#tellOfRoom(plane, model.connections);
      this.#sync.follow(model.sync, folderOf(model.pinPath));
      this.#sync.tablesChanged(aliveIn(model, tables, this.#watch.conditions));
      this.#model = model;
    } catch (fault) {
      this.#goBack(plane, before);
      throw fault;
    }
    this.#release ??= setInterval(() => this.#lookAround(), LOOK_MS).unref();
  }

  #open({ pinPath, connections }: L4Model): DataPlane {
    if (this.#plane && pinPath === this.#pinPath) return this.#plane;
    if (this.#plane)
      throw new Error(`l4: pin_path cannot change to ${pinPath} while moat runs: end it first`);
    const onTrouble = (fault: Error) => this.#log.warn(`l4: ${fault.message}`);
    const plane = openPlane({
      pinPath,
      connections,
      onTrouble,
      onEvent: ({ kind }) => {
        if (kind === 'table-full') this.#fullness.full(plane.room, performance.now());
      },
    });
    this.#plane = plane;
    this.#pinPath = pinPath;
    if (this.#plane.before)
      this.#log.notice(`l4: the maps of ${pinPath} are adopted, with the flows in them`);
    return this.#plane;
  }

  #compile(model: L4Model): L4Tables {
    const before = this.#tables ?? this.#plane?.before;
    const drawnSecret = model.hashSecret === undefined ? this.#drawnSecret() : '';
    const peer = model.sync ? this.#peer : NO_PEER;
    return compileTables(model, { conditions: this.#watch.conditions, before, drawnSecret, peer });
  }

  #hearPeer(reals: PeerReals): void {
    this.#peer = reals;
    this.#watch.hearPeer(reals);
    this.#refresh();
  }

  #attach(plane: DataPlane, wishes: readonly AttachModel[]): void {
    const known = new Map(plane.attached.map(one => [one.interface, one.place]));
    for (const { interface: name, place, why } of plane.attach(wishes))
      if (known.get(name) !== place) this.#log.notice(`l4: stands on ${name} by ${place}: ${why}`);
  }

  #keepLease(plane: DataPlane, leaseMs: number | undefined): void {
    clearInterval(this.#lease);
    this.#lease = undefined;
    if (leaseMs === undefined) return;
    plane.renewLease(leaseMs);
    this.#lease = setInterval(() => plane.renewLease(leaseMs), leaseMs / RENEWALS);
  }

  /** Changes nothing any more, and keeps the lease until somebody else does. @param over is called when that is so, or time is up */
  handOver(over: () => void): void {
    const plane = this.#plane;
    const leaseMs = this.#model?.leaseMs;
    this.#stopWork();
    this.#model = undefined;
    if (!plane || leaseMs === undefined) return void setTimeout(over, 0);
    const endMs = performance.now() + HAND_OVER_MS;
    let kept = plane.renewLease(leaseMs);
    this.#lease = setInterval(() => {
      if (plane.leaseEndNs() !== kept || performance.now() > endMs) return over();
      kept = plane.renewLease(leaseMs);
    }, leaseMs / RENEWALS);
  }

  /** To the tables before; where there were none, out of the kernel, unless somebody before us was there. */
  #goBack(plane: DataPlane, { model, tables }: Standing): void {
    try {
      if (model && tables) {
        this.#watch.follow(model);
        if (this.#tables) plane.apply(changesBetween(this.#tables, tables));
        this.#tables = tables;
      } else if (!plane.before) this.remove();
    } catch (fault) {
      this.#log.error(`l4: the tables before cannot be brought back: ${(fault as Error).message}`);
    }
  }

  /** Real servers are others now than a moment ago. */
  #refresh(): void {
    if (this.#model && this.#plane) this.#write(this.#model, this.#compile(this.#model), this.#plane);
  }

  #write(model: L4Model, tables: L4Tables, plane: DataPlane): void {
    const changes = changesBetween(this.#tables, tables);
    if (changes.length === 0) return;
    try {
      plane.apply(changes);
      this.#tables = tables;
      this.#sync.tablesChanged(aliveIn(model, tables, this.#watch.conditions));
    } catch (fault) {
      this.#log.error(`l4: a change of real servers cannot be written: ${(fault as Error).message}`);
    }
  }

  /** A table of flows is made once: flows cannot move to another. */
  #tellOfRoom(plane: DataPlane, connections: number): void {
    if (connections === this.#model?.connections) return;
    if (plane.room !== connections)
      this.#log.warn(
        `l4: connections ${connections}: the table that stands has room for ${plane.room}, and stays; a new one is made when moat starts after the l4 block was taken out`,
      );
  }

  #lookAround(): void {
    const [model, tables, plane] = [this.#model, this.#tables, this.#plane];
    if (!model || !tables || !plane) return;
    const counts = plane.reals();
    this.#fullness.look({ entries: entriesAmong(realsOf(tables), counts), room: plane.room });
    if (tables.leaving.length > 0) this.#forgetLeft(model, tables, plane, counts);
  }

  #forgetLeft(
    model: L4Model,
    tables: L4Tables,
    plane: DataPlane,
    counts: ReadonlyMap<number, RealCounts>,
  ): void {
    const empty = tables.leaving.filter(({ id }) => {
      const count = counts.get(id);
      return !count || count.active + count.inactive === 0;
    });
    if (empty.length > 0) this.#write(model, releaseReals(tables, new Set(empty.map(({ id }) => id))), plane);
  }

  /** @throws {Error} when no configuration is in force */
  figures(): L4Figures {
    const { plane, model, tables } = this.#inForce();
    const counts = plane.reals();
    const { conditions, failedChecks } = this.#watch;
    return {
      attached: plane.attached,
      lease: leaseOf(plane, model.leaseMs),
      table: { entries: entriesAmong(realsOf(tables), counts), room: plane.room },
      sync: this.#syncFigures(),
      reasons: plane.reasons(),
      services: tables.services.map(service => {
        const server = model.virtualServers.find(({ name }) => name === service.facts.name);
        const leaving = tables.leaving.filter(({ serviceId }) => serviceId === service.id);
        const condition = conditions.get(service.facts.name);
        const { name, protocol, persistence, onePacket } = service.facts;
        const failed = failedChecks.get(name);
        const figuresOf = (
          { id, name, address, port, mode, weight, intake }: RealTable,
          state: RealFigures['state'],
        ): RealFigures => ({
          ...{ name, address, port, mode, weight, intake, state },
          ...(counts.get(id) ?? NOTHING),
          failedChecks: failed?.get(name) ?? 0,
        });
        return {
          name,
          protocol,
          persistence,
          onePacket,
          scheduler: server?.scheduler.name ?? '',
          quorum: condition?.quorum ?? true,
          reals: [
            ...service.reals.map(real => figuresOf(real, stateOf(real, server, condition))),
            ...leaving.map(real => figuresOf(real, 'leaving')),
          ],
        };
      }),
    };
  }

  /** Who takes over without having asked its real servers once would break what goes on at those it has wrong. */
  #syncFigures(): L4Figures['sync'] {
    const figures = this.#sync.figures;
    if (!figures) return undefined;
    const { unanswered } = this.#watch;
    const waitsOn = unanswered > 0 && performance.now() - this.#bornMs < (this.#model?.sync?.waitMs ?? 0);
    return { ...figures, unanswered, isReady: figures.isReady && !waitsOn };
  }

  /**
   * Lets timers run between its pieces: nobody may lose the lease for a look at the table.
   *
   * @param most so many flows at most
   * @returns pieces of JSON, a list of NamedFlow each: text crosses to another process at once
   * @throws {Error} when no configuration is in force
   */
  async flows(most: number): Promise<string[]> {
    const { plane, tables } = this.#inForce();
    const names = new Map(realsOf(tables).map(({ id, name }) => [id, name]));
    const found = plane
      .flows()
      .take(most)
      .map(({ realId, ...flow }): NamedFlow => ({ ...flow, real: names.get(realId) ?? `#${realId}` }));
    const pieces: string[] = [];
    for (;;) {
      const piece = Array.from({ length: PIECE }, () => found.next().value).filter(
        flow => flow !== undefined,
      );
      if (piece.length > 0) pieces.push(JSON.stringify(piece));
      if (piece.length < PIECE) return pieces;
      await setImmediate();
    }
  }

  #inForce() {
    const [plane, model, tables] = [this.#plane, this.#model, this.#tables];
    if (!plane || !model || !tables) throw new Error('no l4 block is in force');
    return { plane, model, tables };
  }

  /** Ends forwarding: nothing is left in the kernel. */
  remove(): void {
    this.#plane?.remove();
    this.#plane = undefined;
    this.close();
  }

  /** As if it had never been: what was in the kernel before goes on, by the tables that stand there now. */
  withdraw(): void {
    if (this.#plane?.before) this.close();
    else this.remove();
  }

  /** Ends the watch; what is in the kernel goes on. */
  close(): void {
    this.#stopWork();
    this.#plane?.close();
    this.#plane = undefined;
    this.#model = undefined;
  }

  #stopWork(): void {
    clearInterval(this.#lease);
    clearInterval(this.#release);
    this.#sync.end();
    this.#watch[Symbol.dispose]();
  }
}

const realsOf = ({ services, leaving }: L4Tables): RealTable[] => [
  ...services.flatMap(({ reals }) => reals),
  ...leaving,
];

/** @throws {Error} that says what the process may not do, where that is why */
function openPlane(options: DataPlaneOptions): DataPlane {
  try {
    return new DataPlane(options);
  } catch (fault) {
    const { code = '', message } = fault as NodeJS.ErrnoException;
    const missing = missingCapabilities(effectiveCapabilities(), ['net_admin', 'bpf', 'perfmon']);
    if (!['EPERM', 'EACCES'].includes(code) || missing.length === 0) throw fault;
    const way = 'run moat as root, or give it these';
    throw new Error(`l4: this process lacks ${missing.join(', ')}: ${way} (${message})`, { cause: fault });
  }
}

/** Addresses of real servers that are asked by the path of their virtual server. */
const steeredReals = ({ virtualServers }: L4Model): Set<string> =>
  new Set(
    virtualServers
      .filter(({ checks }) => checks.some(({ throughVirtual }) => throughVirtual))
      .flatMap(({ realServers }) => realServers.map(({ address }) => address)),
  );

const NOTHING: RealCounts = {
  active: 0,
  inactive: 0,
  connections: 0,
  packets: 0,
  bytes: 0,
  replyPackets: 0,
  replyBytes: 0,
};

function leaseOf(plane: DataPlane, leaseMs: number | undefined): LeaseFigures | undefined {
  if (leaseMs === undefined) return undefined;
  return { ms: leaseMs, leftMs: Number(plane.leaseEndNs() - process.hrtime.bigint()) / 1e6 };
}

/** Ids of real servers that pass their checks. */
function aliveIn(model: L4Model, { services }: L4Tables, conditions: Conditions): Set<number> {
  const servers = new Map(model.virtualServers.map(server => [server.name, server]));
  const isAlive = (real: RealTable, name: string) =>
    !['dead', 'disabled'].includes(stateOf(real, servers.get(name), conditions.get(name)));
  return new Set(
    services.flatMap(({ facts, reals }) =>
      reals.filter(real => isAlive(real, facts.name)).map(({ id }) => id),
    ),
  );
}

function stateOf(
  { name }: RealTable,
  server: VirtualServerModel | undefined,
  condition: ServiceCondition | undefined,
): RealFigures['state'] {
  const real = server?.realServers.find(one => one.name === name);
  if (!real) return 'sorry';
  const { alive, drain } = conditionOf(real, condition);
  if (real.state === 'down') return 'disabled';
  if (!alive) return 'dead';
  return drain === 'no' ? 'alive' : drain === 'over' ? 'drained' : 'draining';
}
