/** The heart of a node: beats, hears the other one, and says who may have the addresses. What it consists of: channel, peer, right, hand-over. */
import type { HeartbeatModel } from '#model/cluster/heartbeat.ts';
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
import { LEASE_S, Right, type RightOptions } from './right.ts';
import type { NodeSays } from './says.ts';

/** A report may be lost as any packet. */
const REPORTS = 3;

export interface HeartOptions extends Pick<RightOptions, 'log' | 'nowMs' | 'isActive' | 'hasLeases'> {
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
      ...{ ...options, incidents, before: before?.#right },
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
  }

  /** An instance went elsewhere: the other one hears of it at once. */
  changed(instance: Instance, what: string): void {
    this.#incidents.note(`${instance.model.name} ${what}`);
    if (this.#isBeatDue) return;
    this.#isBeatDue = true;
    setImmediate(() => {
      this.#isBeatDue = false;
      this.beat();
    });
  }

  #bodyNow(leaves: boolean): NodeSays {
    const instances = this.#options.instances();
    const { node, timeoutMs } = this.model;
    return {
      ...{ node, timeoutMs, revision: this.#peer.revision, witness: this.#right.witness?.name ?? '' },
      ...{ inSync: this.#options.inSync(), leaves },
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
    this.#right.step({ kind: 'tick', role: this.#role() });
    this.#channel.watch();
    this.#release();
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
    this.#right.step({ kind: 'beat', echoMs: echoUs === 0 ? undefined : echoUs / 1000 });
    if (kind === 'report') {
      const view = readView(body);
      if (view) this.#incidents.told(view);
      return view !== undefined;
    }
    const taken = this.#peer.take(packet);
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

  /** @param how `leaves`: everything is given up, and the other one may know it */
  close(how: 'leaves' | 'goes on'): void {
    const leaves = how === 'leaves';
    if (leaves) this.beat(true);
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#channel.close();
    this.#right.close(leaves);
  }
}
