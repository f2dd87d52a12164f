/** The director: brings configuration and the state of real servers into the kernel, and keeps them there. */
import type { AttachModel, L4Model } from '#model/l4/l4.ts';
import type { VirtualServerModel } from '#model/l4/virtual-server.ts';
import { changesBetween } from './changes.ts';
import { compileTables, releaseReals } from './compile.ts';
import { conditionOf, type ServiceCondition } from './condition.ts';
import { DataPlane } from './data-plane.ts';
import { defaultAttach } from './default-attach.ts';
import type { L4Figures, NamedFlow, RealFigures } from './figures.ts';
import type { Teller } from './health/teller.ts';
import { Watch } from './health/watch.ts';
import { keptSecret } from './secret.ts';
import type { RealCounts } from './statistics.ts';
import type { L4Tables, RealTable } from './tables.ts';

/** How often real servers that have left are looked at: those without flows are forgotten. */
const RELEASE_MS = 5000;
/** The lease is renewed so often within its time. */
const RENEWALS = 4;

interface Standing {
  readonly model: L4Model | undefined;
  readonly tables: L4Tables | undefined;
}

export class Director {
  readonly #log: Teller;
  readonly #watch: Watch;
  readonly #drawnSecret: () => string;
  #plane: DataPlane | undefined;
  #pinPath = '';
  #model: L4Model | undefined;
  /** What the maps hold as far as this process has written them. */
  #tables: L4Tables | undefined;
  #lease: NodeJS.Timeout | undefined;
  #release: NodeJS.Timeout | undefined;

  constructor(log: Teller, drawnSecret: () => string = keptSecret) {
    this.#log = log;
    this.#drawnSecret = drawnSecret;
    this.#watch = new Watch({
      log: () => log,
      nowMs: () => performance.now(),
      random: Math.random,
      changed: () => this.#refresh(),
    });
  }

  /** Forwards by this configuration from now on. @throws {Error} with the reason; then it forwards as before */
  configure(model: L4Model): void {
    const before = { model: this.#model, tables: this.#tables };
    const plane = this.#open(model);
    this.#watch.follow(model);
    try {
      const tables = this.#compile(model);
      plane.apply(changesBetween(this.#tables, tables));
      this.#tables = tables;
      this.#attach(plane, model.attach.length > 0 ? model.attach : defaultAttach(tables));
      this.#keepLease(plane, model.leaseMs);
      this.#model = model;
    } catch (fault) {
      this.#goBack(plane, before);
      throw fault;
    }
    this.#release ??= setInterval(() => this.#forgetLeft(), RELEASE_MS).unref();
  }

  #open({ pinPath, connections }: L4Model): DataPlane {
    if (this.#plane && pinPath === this.#pinPath) return this.#plane;
    if (this.#plane)
      throw new Error(`l4: pin_path cannot change to ${pinPath} while moat runs: end it first`);
    const onTrouble = (fault: Error) => this.#log.warn(`l4: ${fault.message}`);
    this.#plane = new DataPlane({ pinPath, connections, onTrouble });
    this.#pinPath = pinPath;
    if (this.#plane.before)
      this.#log.notice(`l4: the maps of ${pinPath} are adopted, with the flows in them`);
    return this.#plane;
  }

  #compile(model: L4Model): L4Tables {
    const before = this.#tables ?? this.#plane?.before;
    const drawnSecret = model.hashSecret === undefined ? this.#drawnSecret() : '';
    return compileTables(model, { conditions: this.#watch.conditions, before, drawnSecret });
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
    if (this.#model && this.#plane) this.#write(this.#compile(this.#model), this.#plane);
  }

  #write(tables: L4Tables, plane: DataPlane): void {
    try {
      plane.apply(changesBetween(this.#tables, tables));
      this.#tables = tables;
    } catch (fault) {
      this.#log.error(`l4: a change of real servers cannot be written: ${(fault as Error).message}`);
    }
  }

  #forgetLeft(): void {
    const tables = this.#tables;
    const plane = this.#plane;
    if (!tables || !plane || tables.leaving.length === 0) return;
    const counts = plane.reals();
    const empty = tables.leaving.filter(({ id }) => {
      const count = counts.get(id);
      return !count || count.active + count.inactive === 0;
    });
    if (empty.length > 0) this.#write(releaseReals(tables, new Set(empty.map(({ id }) => id))), plane);
  }

  /** @throws {Error} when no configuration is in force */
  figures(): L4Figures {
    const { plane, model, tables } = this.#inForce();
    const counts = plane.reals();
    const conditions = this.#watch.conditions;
    return {
      attached: plane.attached,
      reasons: plane.reasons(),
      services: tables.services.map(service => {
        const server = model.virtualServers.find(({ name }) => name === service.facts.name);
        const leaving = tables.leaving.filter(({ serviceId }) => serviceId === service.id);
        const condition = conditions.get(service.facts.name);
        const { name, protocol, persistence, onePacket } = service.facts;
        return {
          name,
          protocol,
          persistence,
          onePacket,
          scheduler: server?.scheduler.name ?? '',
          quorum: condition?.quorum ?? true,
          reals: [
            ...service.reals.map(real => realFigures(real, counts, stateOf(real, server, condition))),
            ...leaving.map(real => realFigures(real, counts, 'leaving')),
          ],
        };
      }),
    };
  }

  /** At most so many flows. @throws {Error} when no configuration is in force */
  flows(most: number): NamedFlow[] {
    const { plane, tables } = this.#inForce();
    const reals = [...tables.services.flatMap(({ reals }) => reals), ...tables.leaving];
    const names = new Map(reals.map(({ id, name }) => [id, name]));
    return plane
      .flows()
      .take(most)
      .map(({ realId, ...flow }) => ({ ...flow, real: names.get(realId) ?? `#${realId}` }))
      .toArray();
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

  /** Ends the watch; what is in the kernel goes on. */
  close(): void {
    clearInterval(this.#lease);
    clearInterval(this.#release);
    this.#watch[Symbol.dispose]();
    this.#plane?.close();
    this.#plane = undefined;
    this.#model = undefined;
  }
}

const NOTHING: RealCounts = {
  active: 0,
  inactive: 0,
  connections: 0,
  packets: 0,
  bytes: 0,
  replyPackets: 0,
  replyBytes: 0,
};

function realFigures(
  { id, name, address, port, mode, weight, intake }: RealTable,
  counts: ReadonlyMap<number, RealCounts>,
  state: RealFigures['state'],
): RealFigures {
  return { name, address, port, mode, weight, intake, state, ...(counts.get(id) ?? NOTHING) };
}

function stateOf(
  { name }: RealTable,
  server: VirtualServerModel | undefined,
  condition: ServiceCondition | undefined,
): RealFigures['state'] {
  const real = server?.realServers.find(one => one.name === name);
  if (!real) return 'sorry';
  const { alive, drain } = conditionOf(real, condition);
  if (!alive || real.state === 'down') return 'dead';
  return drain === 'no' ? 'alive' : drain === 'over' ? 'drained' : 'draining';
}
