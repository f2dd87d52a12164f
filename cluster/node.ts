/** This node of the cluster: its instances, their groups, what they track, and what an operator wants of them. */
import { isDeepStrictEqual } from 'node:util';
import { addressBytes } from '#kit/address-bytes.ts';
import { monotonicMs } from '#kit/monotonic.ts';
import type { ClusterModel } from '#model/cluster/cluster.ts';
import type { VrrpInstanceModel } from '#model/cluster/vrrp.ts';
import { groupSocket } from '#native/group.ts';
import { linkSocket } from '#native/link.ts';
import { closeFd } from '#native/socket.ts';
import { Guard } from './fence/guard.ts';
import type { ClusterFigures, InstanceFigures } from './figures.ts';
import { Heart } from './heartbeat/heart.ts';
import { Interfaces } from './interfaces.ts';
import type { Log } from './log.ts';
import type { ClusterOrder } from './messages.ts';
import { StateFolder } from './state-folder.ts';
import type { PlaneHealth } from './track/health.ts';
import { scoreOf } from './track/score.ts';
import { Trackers } from './track/trackers.ts';
import { Acceptance } from './vrrp/acceptance.ts';
import { VRRP_PROTOCOL } from './vrrp/checksum.ts';
import { failOver, SyncGroup } from './vrrp/group.ts';
import { Instance, type Standing, type Surroundings } from './vrrp/instance.ts';
import { Wire } from './vrrp/wire.ts';

export interface NodeOptions {
  readonly log: Log;
  /** An instance went elsewhere. */
  readonly moved: (standings: readonly Standing[]) => void;
}

const NOTHING: ClusterModel = {
  ...{ statePath: '', startupDelayMs: 0, realtimePriority: 0, scriptUser: '' },
  ...{ scripts: [], instances: [], groups: [], flowWaitMs: undefined, heartbeat: undefined },
};

export class Node {
  /** Why it has no real-time priority; undefined: it has. */
  realtime: string | undefined;
  readonly #log: Log;
  readonly #moved: NodeOptions['moved'];
  readonly #interfaces: Interfaces;
  readonly #trackers: Trackers;
  readonly #wire = new Wire();
  readonly #acceptance = new Acceptance();
  readonly #linkFd: number;
  readonly #surroundings: Surroundings;
  readonly #bornMs = monotonicMs();
  #model = NOTHING;
  #flows: PlaneHealth['flows'];
  readonly #guard: Guard;
  #heart: Heart | undefined;
  #instances = new Map<string, Instance>();
  #groups: readonly SyncGroup[] = [];
  /** While instances come and go, groups wait. */
  #isBusy = false;

  /** @throws code EPERM without CAP_NET_RAW */
  constructor({ log, moved }: NodeOptions) {
    this.#log = log;
    this.#moved = moved;
    this.#linkFd = linkSocket();
    closeFd(groupSocket({ family: 4, protocol: VRRP_PROTOCOL, index: 0 }));
    this.#interfaces = new Interfaces(() => this.#surroundingsChanged());
    const find = (name: string) => this.#interfaces.find(name);
    this.#guard = new Guard({ log, nowMs: monotonicMs, find });
    this.#trackers = new Trackers(this.#interfaces, () => this.#weigh());
    this.#surroundings = {
      ...{ interfaces: this.#interfaces, wire: this.#wire, linkFd: this.#linkFd, log, nowMs: monotonicMs },
      virtualAddresses: () =>
        this.#model.instances.flatMap(({ addresses }) => addresses.map(one => addressBytes(one.address))),
      barredBy: instance => this.#groupOf(instance)?.barredBy(instance) ?? this.#heart?.barredBy(instance),
      mustRelease: () => this.#heart?.mustRelease(),
      givesWay: () => this.#heart?.givesWay(),
      leaseS: () => this.#heart?.leaseS,
      holds: ({ model }, holds) => {
        this.#guard.holds(model.name, holds);
        if (this.#guard.fault !== undefined) setImmediate(() => this.#heedFence());
      },
      stopped: instance => this.#heart?.stopped(instance),
      changed: (instance, effect) => {
        this.#tell();
        this.#heart?.changed(instance, `${effect.from} to ${effect.to}: ${effect.reason}`);
        if (!this.#isBusy) this.#groupOf(instance)?.changed(instance, effect);
      },
    };
  }

  #groupOf(instance: Instance): SyncGroup | undefined {
    return this.#groups.find(group => group.has(instance));
  }

  #tell(): void {
    this.#moved([...this.#instances.values()].map(({ standing }) => standing));
  }

  /** Makes sure that configure() will do. @throws {Error} when it will not */
  prepare(model: ClusterModel): void {
    this.#acceptance.check(model);
  }

  /** Instances that stay what they are stay where they are. @param revision a digest of the whole configuration */
  configure(model: ClusterModel, revision: string): void {
    const folder = new StateFolder(model.statePath);
    const legacies = this.#model === NOTHING ? folder.inherit() : [];
    const before = this.#instances;
    this.#isBusy = true;
    this.#model = model;
    this.#guard.configure(model);
    this.#beginHeart(model, revision, folder, legacies.length > 0);
    this.#acceptance.confine(model);
    this.#instances = new Map();
    for (const [name, instance] of before) {
      const next = model.instances.find(one => one.name === name);
      if (next && isSameRouter(next, instance.model)) this.#instances.set(name, instance);
      else instance.stop('it is no more in the configuration');
    }
    for (const next of model.instances) {
      const kept = this.#instances.get(next.name);
      if (kept) kept.reconfigure(next);
      else {
        const legacy = legacies.find(({ name }) => name === next.name);
        const adoptsUntilMs = legacy && legacy.sentMs + 3 * next.advertMs;
        this.#instances.set(next.name, new Instance(next, this.#surroundings, adoptsUntilMs));
      }
    }
    this.#waitForFlows();
    this.#trackers.watch(
      [...model.instances, ...model.groups].flatMap(({ tracks }) => tracks),
      model,
    );
    this.#delayStart(legacies.length > 0);
    this.#setMaintenance(folder.maintenance);
    this.#begin();
  }

  /** A heart that is to beat as before goes on: a new one would know nobody. */
  #beginHeart({ heartbeat }: ClusterModel, revision: string, folder: StateFolder, adopts: boolean): void {
    const before = this.#heart;
    if (before && heartbeat && isDeepStrictEqual(before.model, heartbeat)) return before.follow(revision);
    before?.close('goes on');
    const isActive = adopts || [...this.#instances.values()].some(({ state }) => state.kind === 'active');
    this.#heart =
      heartbeat &&
      new Heart(heartbeat, {
        ...{ log: this.#log, folder, revision, nowMs: monotonicMs },
        instances: () => [...this.#instances.values()],
        ...{ before, isActive, guard: this.#guard },
        inSync: () => (this.#model.flowWaitMs === undefined ? undefined : this.#flows?.isReady === true),
      });
  }

  /** All are ready: whoever has no fault takes part from now on. */
  #begin(): void {
    const { groups } = this.#model;
    const named = (name: string) => this.#instances.get(name) ?? [];
    this.#groups = groups.map(model => new SyncGroup(model, model.members.flatMap(named)));
    this.#weigh();
    // What an earlier life has left is gone by now.
    this.#guard.cover();
    this.#heedFence();
    for (const instance of this.#instances.values()) {
      instance.surroundingsChanged();
      instance.clear('start');
    }
    this.#isBusy = false;
    for (const group of this.#groups) group.settle();
    this.#tell();
  }

  #delayStart(isSuccessor: boolean): void {
    const leftMs = this.#bornMs + this.#model.startupDelayMs - monotonicMs();
    if (leftMs <= 0 || isSuccessor) return;
    for (const instance of this.#instances.values())
      if (instance.state.kind === 'initialize') instance.fault('delay', 'startup_delay is not over');
    setTimeout(() => {
      for (const instance of this.#instances.values()) instance.clear('delay');
    }, leftMs);
  }

  #setMaintenance(reason: string | undefined): void {
    for (const instance of this.#instances.values()) {
      if (reason === undefined) instance.clear('maintenance');
      else instance.fault('maintenance', reason === '' ? 'maintenance' : `maintenance: ${reason}`);
    }
  }

  /** The other node relies on it. */
  #heedFence(): void {
    const { fault } = this.#guard;
    for (const instance of this.#instances.values())
      if (fault !== undefined && this.#guard.covers(instance.model.name)) instance.fault('fence', fault);
      else instance.clear('fence');
  }

  #surroundingsChanged(): void {
    this.#guard.cover();
    this.#heedFence();
    for (const instance of this.#instances.values()) instance.surroundingsChanged();
    this.#trackers.surroundingsChanged();
  }

  /** Priorities and faults by what is tracked. */
  #weigh(): void {
    for (const instance of this.#instances.values()) {
      const { priority, faults } = this.#scoreOf(instance);
      instance.weigh(priority);
      if (faults.length > 0) instance.fault('track', faults.join('; '));
      else instance.clear('track');
    }
  }

  #scoreOf(instance: Instance) {
    const { priority, tracks } = instance.model;
    const shared = this.#groupOf(instance)?.model.tracks ?? [];
    return scoreOf(priority, [...tracks, ...shared], track => this.#trackers.statusOf(track));
  }

  heard(health: PlaneHealth): void {
    this.#trackers.heard(health, monotonicMs());
    if (health.flows) this.#flows = health.flows;
    this.#waitForFlows();
  }

  /** Who does not know the flows of the active node would break them. */
  #waitForFlows(): void {
    const { flowWaitMs } = this.#model;
    // An L4 tier that says nothing counts its own wait, and is no reason to take the place of one that works.
    const waits = flowWaitMs !== undefined && this.#flows?.isReady !== true;
    const reason = waits
      ? (this.#flows?.says ?? 'the L4 tier has not told yet whether it knows the flows')
      : undefined;
    for (const instance of this.#instances.values()) instance.waitFor(reason);
  }

  /** @returns what was done, in words @throws {Error} when there is nothing that it could be done to */
  order(order: ClusterOrder): string[] {
    if (order.kind === 'failover')
      return failOver([...this.#instances.values()], instance => this.#groupOf(instance), order.instance);
    const reason = order.on ? order.reason : undefined;
    new StateFolder(this.#model.statePath).setMaintenance(reason);
    this.#setMaintenance(reason);
    this.#log.notice(`vrrp: maintenance ${order.on ? 'begins' : 'ends'} by command`);
    return [order.on ? 'this node takes part in no election' : 'this node takes part in elections again'];
  }

  figures(): ClusterFigures {
    return {
      pid: process.pid,
      maintenance: new StateFolder(this.#model.statePath).maintenance !== undefined,
      realtime: this.realtime,
      strangers: this.#wire.strangers,
      heartbeat: this.#heart?.figures(),
      groups: this.#model.groups.map(({ name, members }) => ({ name, members })),
      instances: [...this.#instances.values()].map(
        (instance): InstanceFigures => ({
          ...instance.figures(),
          group: this.#groupOf(instance)?.model.name,
          tracks: this.#scoreOf(instance).tracks,
        }),
      ),
    };
  }

  /** Gives all addresses up, and says so. */
  stop(): void {
    this.#isBusy = true;
    for (const instance of this.#instances.values()) instance.stop('moat ends');
    this.#acceptance.confine({ instances: [] });
    this.#heart?.close('leaves');
    this.#guard.close();
    this.#close();
  }

  /** Leaves all addresses where they are, to another process that begins at once. */
  async leave(): Promise<void> {
    const rightMs = await this.#heart?.announceLeave();
    const active = [...this.#instances.values()].flatMap(({ standing: { name, isActive, sentMs } }) =>
      isActive ? [{ name, sentMs }] : [],
    );
    new StateFolder(this.#model.statePath).bequeath(active);
    for (const instance of this.#instances.values()) instance.leave();
    this.#heart?.close('goes on');
    this.#guard.leave(rightMs);
    this.#close();
  }

  #close(): void {
    this.#trackers.stop();
    this.#interfaces.close();
    closeFd(this.#linkFd);
  }
}

/** Whether the one can become the other while it runs. */
const isSameRouter = (a: VrrpInstanceModel, b: VrrpInstanceModel): boolean =>
  a.interface === b.interface &&
  a.election === b.election &&
  a.vrid === b.vrid &&
  a.family === b.family &&
  a.version === b.version &&
  (a.peers === undefined) === (b.peers === undefined);
