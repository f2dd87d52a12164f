/** The heart of a node: beats, hears the other one, and says who may have the addresses. What it consists of: channel, peer, right, hand-over. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HeartbeatModel } from '#model/cluster/heartbeat.ts';
import { type Guard, LEASE_S } from '../fence/guard.ts';
import type { Log } from '../log.ts';
import type { StateFolder } from '../state-folder.ts';
import type { Instance } from '../vrrp/instance.ts';
import { Channel } from './channel.ts';
import type { HeartbeatFigures } from './figures.ts';
import { HandOver } from './hand-over.ts';
import { Incidents, readView } from './incidents.ts';
import type { LinkEffect, Role } from './machine.ts';
import type { Packet } from './packet.ts';
import { Peer } from './peer.ts';
import { Right, type RightOptions } from './right.ts';
import type { NodeSays } from './says.ts';

/** A report may be lost as any packet. */
const REPORTS = 3;
/** That it leaves is said so often until the other one has heard it: for three intervals. */
const LEAVE_BEATS = 6;

export interface HeartOptions extends Pick<RightOptions, 'log' | 'nowMs' | 'isActive'> {
  readonly guard: Guard;
  readonly folder: StateFolder;
  readonly revision: string;
  instances(): readonly Instance[];
  inSync(): boolean | undefined;
  /** The one that beat until now in this process: who is known stays known. */
  readonly before: Heart | undefined;
}

export class Heart {
  readonly model: HeartbeatModel;
  readonly #options: HeartOptions;
  readonly #log: Log;
  readonly #incidents: Incidents;
  readonly #right: Right;
  readonly #peer: Peer;
  readonly #channel: Channel;
  readonly #handOver: HandOver;
  readonly #timer: NodeJS.Timeout;
  /** Between the ticks of the timer, to the millisecond: what is due by the right. */
  #due: NodeJS.Timeout | undefined;
  readonly #counts = { beatsSent: 0, beatsHeard: 0, releases: 0 };
  #report: { readonly body: unknown; left: number } | undefined;
  #isClosed = false;
  #isBeatDue = false;

  constructor(model: HeartbeatModel, options: HeartOptions) {
    const { log, folder, revision, nowMs, before } = options;
    this.model = model;
    this.#options = options;
    this.#log = log;
    const incidents = new Incidents(model.node, folder, log);
    this.#incidents = incidents;
    const right = new Right(model, {
      ...{ ...options, incidents, fence: options.guard, before: before?.#right },
      stepped: () => this.#arm(),
      granted: () => this.#lookAgain(),
      turned: effect =>
        effect.kind === 'apart' ? this.#beginIncident(effect.how) : this.#endIncident(effect),
    });
    this.#right = right;
    this.#peer = new Peer(model, { log, revision, witness: right.witness?.name, before: before?.#peer });
    this.#channel = new Channel(model, {
      ...{ log, incidents, nowMs, before: before?.#channel },
      isHeard: () => right.isHeard,
      hear: packet => this.#hear(packet),
    });
    this.#handOver = new HandOver(model, { right, peer: this.#peer, beat: () => this.beat() });
    this.#timer = setInterval(() => this.#tick(), model.intervalMs);
  }

  /** Others wait for it, so it is as short as can be. Undefined: nobody does. */
  get leaseS(): number | undefined {
    return this.model.witness && LEASE_S;
  }

  /** Why the addresses must be given up now; undefined: they may be held. */
  mustRelease(): string | undefined {
    return this.#right.mustRelease?.replace('the other node', this.#peer.name);
  }

  /** Why this instance must not become active now; undefined: it may. */
  barredBy(instance: Instance): string | undefined {
    return this.#handOver.barredBy(instance);
  }

  /** Why this node gives way to the other one that is active, whatever their priorities: that one cannot know of it. */
  givesWay(): string | undefined {
    return this.#handOver.givesWay();
  }

  /** VRRP said in the other one's stead, or it said itself, that it stops. */
  stopped(instance: Instance): void {
    this.#peer.stopped(instance.model.name);
    this.#soon();
  }

  /** An instance went elsewhere: the other one hears of it at once. */
  changed(instance: Instance, what: string): void {
    this.#incidents.note(`${instance.model.name} ${what}`);
    this.#soon();
  }

  /** The other one hears of it at once, and what is due by the right is done: it may have little time. */
  #soon(): void {
    if (this.#isBeatDue) return;
    this.#isBeatDue = true;
    setImmediate(() => {
      this.#isBeatDue = false;
      if (this.#isClosed) return;
      this.beat();
      this.#heedRight();
    });
  }

  #bodyNow(leaves: boolean): NodeSays {
    const instances = this.#options.instances();
    const { node, timeoutMs } = this.model;
    return {
      ...{ node, timeoutMs, revision: this.#peer.revision, witness: this.#right.witness?.name ?? '' },
      ...{ inSync: this.#options.inSync(), leaves, fenceMs: this.#options.guard.outlivesMs },
      healthy: instances.every(one => one.faultBeside() === undefined),
      instances: instances.map(one => ({
        ...{ name: one.model.name, state: one.state.kind, priority: one.state.own.priority },
        wants: this.#handOver.isWanted(one.model.name),
      })),
    };
  }

  /** Says by every path what this node is. */
  beat(leaves = false): void {
    if (this.#isClosed) return;
    this.#channel.send('beat', this.#bodyNow(leaves));
    this.#counts.beatsSent++;
  }

  #tick(): void {
    this.beat();
    if (this.#report && this.#report.left-- > 0) this.#channel.send('report', this.#report.body);
    this.#channel.watch();
    this.#heedRight();
  }

  #heedRight(): void {
    this.#right.step({ kind: 'tick', role: this.#role() });
    this.#release();
  }

  #arm(): void {
    clearTimeout(this.#due);
    if (this.#isClosed) return;
    const dueMs = this.#right.nextTickMs(this.#role());
    if (dueMs === undefined) return;
    const ms = Math.ceil(dueMs - this.#options.nowMs());
    this.#due = setTimeout(() => this.#heedRight(), Math.max(1, ms));
  }

  /** Whose time had come while it was barred need not wait until its next look. */
  #lookAgain(): void {
    for (const instance of this.#options.instances()) instance.lookAgain();
  }

  #role(): Role {
    const kinds = new Set(this.#options.instances().map(({ state }) => state.kind));
    if (kinds.has('active')) return 'active';
    if (!kinds.has('backup')) return 'none';
    const hasStopped = this.#options.instances().every(({ model }) => this.#peer.hasStopped(model.name));
    return hasStopped ? 'heir' : 'backup';
  }

  #release(): void {
    const reason = this.mustRelease();
    if (reason === undefined) return;
    for (const instance of this.#options.instances()) {
      if (instance.state.kind !== 'active') continue;
      this.#counts.releases++;
      instance.feed({ kind: 'follow', to: 'backup', reason });
    }
  }

  #hear(packet: Packet): boolean {
    const { kind, echoUs, body } = packet;
    const taken = kind === 'beat' ? this.#peer.take(packet) : undefined;
    // From a node that does not tell, what one has that tells nothing.
    const fenceMs = this.#peer.says?.fenceMs ?? this.#options.guard.peerOutlivesMs;
    this.#right.step({ kind: 'beat', echoMs: echoUs === 0 ? undefined : echoUs / 1000, fenceMs });
    if (taken === undefined) {
      const view = readView(body);
      if (view) this.#incidents.told(view);
      return view !== undefined;
    }
    if (taken === 'new') {
      this.#counts.beatsHeard++;
      for (const instance of this.#options.instances()) this.#handOver.heed(instance);
    }
    return taken !== 'malformed';
  }

  #beginIncident(how: 'silent' | 'deaf'): void {
    const { name, says } = this.#peer;
    const has = says?.leaves ? 'has ended' : 'is silent by all paths';
    const what = `${name} ${how === 'silent' ? has : 'does not hear this node by any path'}`;
    this.#incidents.begin(how);
    this.#incidents.note(what);
    this.#log.warn(`heartbeat: ${what}`);
  }

  #endIncident({ apartMs }: Extract<LinkEffect, { readonly kind: 'together' }>): void {
    const after = apartMs === undefined ? '' : `, after ${Math.round(apartMs)} ms`;
    this.#log.notice(`heartbeat: ${this.#peer.name} and this node hear each other${after}`);
    this.#report = { body: this.#incidents.end(), left: REPORTS };
    // It hears this node, and by that has given way where both were active; VRRP may be cut still.
    if (apartMs !== undefined) for (const instance of this.#options.instances()) instance.announceAgain();
  }

  figures(): HeartbeatFigures {
    const nowMs = this.#options.nowMs();
    const { link, sinceMs, provenMs, heardMs } = this.#right.state;
    const { says, revision, isOtherRevision } = this.#peer;
    const age = (ms: number | undefined) => (ms === undefined ? undefined : Math.round(nowMs - ms));
    return {
      ...{ node: this.model.node, revision, inSync: this.#options.inSync() },
      ...{ intervalMs: this.model.intervalMs, timeoutMs: this.model.timeoutMs },
      ...{ link, linkMs: Math.round(nowMs - sinceMs), provenMs: age(provenMs) },
      peer: says && {
        ...says,
        ...{ isHeard: this.#right.isHeard, ageMs: Math.round(nowMs - heardMs), isOtherRevision },
      },
      ...this.#channel.figures(),
      witness: this.#right.figures(),
      fence: this.model.witness && {
        outlivesMs: this.#options.guard.outlivesMs,
        absent: this.#options.guard.absent ?? this.#options.guard.fault,
      },
      mustRelease: this.mustRelease(),
      counts: { ...this.#counts, ...this.#right.counts, incidents: this.#incidents.count },
      incidents: this.#incidents.all,
    };
  }

  /** Another configuration is in force, which changes nothing here. */
  follow(revision: string): void {
    this.#peer.revision = revision;
    this.#peer.compare();
    this.beat();
  }

  /**
   * Tells the other node that another process of this host goes on in a moment, so that it waits for that.
   *
   * @returns when it knows, or it has not said so in time: the end of this node's right by its word; undefined: it does not know
   */
  async announceLeave(): Promise<number | undefined> {
    const { guard, nowMs } = this.#options;
    if (!this.model.witness) return undefined;
    guard.prepareToLeave();
    const saidMs = nowMs();
    const provenMs = () => this.#right.state.provenMs ?? Number.NEGATIVE_INFINITY;
    for (let waited = 0; waited < LEAVE_BEATS && provenMs() < saidMs; waited++) {
      this.beat();
      await sleep(this.model.intervalMs / 2);
    }
    return provenMs() < saidMs ? undefined : provenMs() + this.model.timeoutMs;
  }

  /** @param how `leaves`: everything is given up, and the other one may know it */
  close(how: 'leaves' | 'goes on'): void {
    const leaves = how === 'leaves';
    if (leaves) this.beat(true);
    this.#isClosed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#due);
    this.#channel.close();
    this.#right.close(leaves);
  }
}
