/** The heart of a node: beats by every path, listens to the other one, asks the witness, and says who may have the addresses. */
import { createSecretKey } from 'node:crypto';
import type { HeartbeatModel } from '#model/cluster/heartbeat.ts';
import type { Log } from '../log.ts';
import type { StateFolder } from '../state-folder.ts';
import type { Instance } from '../vrrp/instance.ts';
import { newWitness, type Witness } from '../witness/witness.ts';
import { Comparison } from './comparison.ts';
import type { HeartbeatFigures } from './figures.ts';
import { Incidents, readView } from './incidents.ts';
import {
  barredBy,
  initialLink,
  isGranted,
  isHeard,
  isUnheard,
  type LinkEffect,
  type LinkEvent,
  type LinkState,
  mustRelease,
  type Role,
  type Rules,
  stepLink,
} from './machine.ts';
import { type Kind, seal, unseal } from './packet.ts';
import { Paths } from './paths.ts';
import { Refused } from './refused.ts';
import { type InstanceSays, type NodeSays, readSays } from './says.ts';
import { Session } from './session.ts';

/** The kernel looks at lifetimes a quarter of a second late at most, and counts them in whole seconds. */
const LEASE_S = 1;
const LATE_MS = 300;
/** Clocks differ by less than one part of so many. */
const DRIFT = 16;
const AGAIN_MS = 250;
/** A report may be lost as any packet. */
const REPORTS = 3;

type WithoutTime<E> = E extends unknown ? Omit<E, 'nowMs'> : never;

export interface HeartOptions {
  readonly log: Log;
  readonly folder: StateFolder;
  readonly revision: string;
  nowMs(): number;
  instances(): readonly Instance[];
  inSync(): boolean | undefined;
  /** The one that beat until now in this process: who is known stays known. */
  readonly before: Heart | undefined;
  /** Addresses are held already, which are given up if nobody grants the right to them within the timeout. */
  readonly isActive: boolean;
  /** The kernel takes addresses away that are not renewed, of some instance. */
  readonly hasLeases: boolean;
}

export class Heart {
  readonly model: HeartbeatModel;
  readonly #options: HeartOptions;
  readonly #log: Log;
  #revision: string;
  readonly #key;
  readonly #rules: Rules;
  readonly #session: Session;
  readonly #paths: Paths;
  readonly #comparison: Comparison;
  readonly #witness: Witness | undefined;
  readonly #incidents: Incidents;
  readonly #refused: Refused;
  readonly #timer: NodeJS.Timeout;
  #state: LinkState;
  #says: { readonly from: string; readonly stampUs: number; readonly body: NodeSays } | undefined;
  /** Instances that the other one said by VRRP that it stops. */
  readonly #stopped = new Set<string>();
  /** Instances that ask the other one to hand over. */
  readonly #wants = new Set<string>();
  readonly #counts = { beatsSent: 0, beatsHeard: 0, asked: 0, granted: 0, refused: 0, releases: 0 };
  #report: { readonly body: unknown; left: number } | undefined;
  #isClosed = false;
  #isBeatDue = false;

  constructor(model: HeartbeatModel, options: HeartOptions) {
    const { nowMs, log, folder } = options;
    this.model = model;
    this.#options = options;
    this.#log = log;
    this.#revision = options.revision;
    this.#key = createSecretKey(Buffer.from(model.key, 'latin1'));
    const { before, isActive } = options;
    this.#session = before?.#session ?? new Session();
    this.#says = before?.#says;
    this.#state = before
      ? { ...before.#state, grantedUntilMs: undefined, asking: false, refusal: undefined }
      : initialLink(nowMs());
    if (isActive) this.#state = { ...this.#state, provenMs: nowMs() };
    this.#witness = model.witness && newWitness(model.witness, model.node, nowMs);
    this.#rules = {
      ...{ timeoutMs: model.timeoutMs, hasWitness: model.witness !== undefined, againMs: AGAIN_MS },
      slackMs: model.timeoutMs / DRIFT + (options.hasLeases ? LEASE_S * 1000 + LATE_MS : 0),
    };
    this.#incidents = new Incidents(model.node, folder, log);
    this.#refused = new Refused(log, nowMs);
    this.#paths = new Paths(model, {
      nowMs,
      hear: (datagram, at) => this.#hear(datagram, at),
      stranger: address => this.#refused.add('stranger', address),
      turned: (what, carries) => {
        this.#incidents.note(what);
        log[carries ? 'notice' : 'warn'](`heartbeat: ${what}`);
      },
    });
    const { node, timeoutMs } = model;
    this.#comparison = new Comparison({ node, timeoutMs, witness: this.#witness?.name ?? '' }, log);
    this.#timer = setInterval(() => this.#tick(), model.intervalMs);
  }

  /** Others wait for it, so it is as short as can be. Undefined: nobody does. */
  get leaseS(): number | undefined {
    return this.model.witness && LEASE_S;
  }

  get #peerName(): string {
    return this.#says?.body.node ?? 'the other node';
  }

  #isHeard(): boolean {
    return isHeard(this.#state, this.#rules, this.#options.nowMs());
  }

  /** Why the addresses must be given up now; undefined: they may be held. */
  mustRelease(): string | undefined {
    const reason = mustRelease(this.#state, this.#rules, this.#options.nowMs());
    return reason?.replace('the other node', this.#peerName);
  }

  /** Why this instance must not become active now; undefined: it may. */
  barredBy(instance: Instance): string | undefined {
    const { name } = instance.model;
    const says = this.#saysOf(name);
    const isThere = says?.state === 'active' && this.#isHeard();
    const preempts = instance.state.kind === 'backup' && instance.state.outranks !== undefined;
    if (!isThere || !preempts) this.#wants.delete(name);
    if (isThere && preempts) return this.#askToHandOver(name);
    const bar = barredBy(
      ...[this.#state, this.#rules, this.#options.nowMs()],
      says && (says.state === 'active' ? 'active' : 'other'),
    );
    return bar?.replace('the other node', this.#peerName);
  }

  #askToHandOver(name: string): string {
    if (this.#isOtherRevision && !this.model.preemptOtherRevision)
      return `${this.#peerName} is active, and has another configuration`;
    if (!this.#wants.has(name)) {
      this.#wants.add(name);
      this.beat();
    }
    return `${this.#peerName} is asked to hand over`;
  }

  #compare(): void {
    if (this.#says) this.#comparison.revision(this.#peerName, this.#isOtherRevision);
  }

  get #isOtherRevision(): boolean {
    return this.#says !== undefined && this.#says.body.revision !== this.#revision;
  }

  #saysOf(name: string): InstanceSays | undefined {
    const says = this.#says?.body.instances.find(one => one.name === name);
    return says && this.#stopped.has(name) ? { ...says, state: 'initialize' } : says;
  }

  /** VRRP said in its stead, or it said itself, that it stops. */
  stopped(instance: Instance): void {
    this.#stopped.add(instance.model.name);
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
    return {
      ...{ node: this.model.node, revision: this.#revision, timeoutMs: this.model.timeoutMs },
      ...{ witness: this.#witness?.name ?? '', inSync: this.#options.inSync(), leaves },
      healthy: instances.every(one => one.faultBeside() === undefined),
      instances: instances.map(one => ({
        ...{ name: one.model.name, state: one.state.kind, priority: one.state.own.priority },
        wants: this.#wants.has(one.model.name),
      })),
    };
  }

  /** Says by every path what this node is. */
  beat(leaves = false): void {
    if (this.#isClosed) return;
    this.#send('beat', this.#bodyNow(leaves));
    this.#counts.beatsSent++;
  }

  #send(kind: Kind, body: unknown): void {
    const head = this.#session.next(this.#options.nowMs() * 1000);
    this.#paths.send(route => seal({ ...head, kind, body }, route, this.#key));
  }

  #tick(): void {
    this.beat();
    if (this.#report && this.#report.left-- > 0) this.#send('report', this.#report.body);
    this.#step({ kind: 'tick', role: this.#role() });
    this.#paths.watch();
    this.#release();
  }

  #role(): Role {
    const kinds = new Set(this.#options.instances().map(({ state }) => state.kind));
    if (kinds.has('active')) return 'active';
    if (!kinds.has('backup')) return 'none';
    const hasStopped = this.#options.instances().every(({ model }) => this.#stopped.has(model.name));
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

  #step(event: WithoutTime<LinkEvent>): void {
    const nowMs = this.#options.nowMs();
    const [state, effects] = stepLink(this.#state, { ...event, nowMs } as LinkEvent, this.#rules);
    this.#state = state;
    for (const effect of effects) this.#do(effect);
  }

  #do(effect: LinkEffect): void {
    switch (effect.kind) {
      case 'ask':
        return void this.#ask();
      case 'give-back':
        this.#incidents.note(`it gives the right back to ${this.#witness?.name}`);
        return void this.#witness?.giveBack();
      case 'apart':
        return this.#beginIncident(effect.how);
      case 'together':
        this.#log.notice(
          `heartbeat: ${this.#peerName} and this node hear each other${effect.apartMs === undefined ? '' : `, after ${Math.round(effect.apartMs)} ms`}`,
        );
        this.#report = { body: this.#incidents.end(), left: REPORTS };
        // It hears this node, and by that has given way where both were active; VRRP may be cut still.
        if (effect.apartMs !== undefined)
          for (const instance of this.#options.instances()) instance.announceAgain();
    }
  }

  #beginIncident(how: 'silent' | 'deaf'): void {
    const has = this.#says?.body.leaves ? 'has ended' : 'is silent by all paths';
    const what = `${this.#peerName} ${how === 'silent' ? has : 'does not hear this node by any path'}`;
    this.#incidents.begin(how);
    this.#incidents.note(what);
    this.#log.warn(`heartbeat: ${what}`);
  }

  async #ask(): Promise<void> {
    const witness = this.#witness!;
    const { slackMs } = this.#rules;
    const wasGranted = isGranted(this.#state, this.#options.nowMs());
    this.#counts.asked++;
    try {
      const untilMs = (await witness.ask()) - slackMs;
      if (this.#isClosed) return void witness.giveBack();
      this.#counts.granted++;
      this.#step({ kind: 'granted', untilMs });
      if (wasGranted) return;
      this.#incidents.note(`${witness.name} grants it the right`);
      this.#log.notice(`heartbeat: ${witness.name} grants the right to the addresses to this node`);
    } catch (fault) {
      const reason = (fault as Error).message;
      this.#counts.refused++;
      if (this.#state.refusal !== reason) {
        this.#incidents.note(reason);
        this.#log.warn(`heartbeat: ${reason}`);
      }
      this.#step({ kind: 'refused', reason });
    }
  }

  #hear(datagram: Buffer, at: number): void {
    const route = this.#paths.routeOf(at);
    const peer = route.source;
    const got = unseal(datagram, route, this.#key);
    if (typeof got === 'string') return this.#refused.add(got, peer);
    const taken = this.#session.take(got, at, !this.#isHeard());
    if (taken === 'greeting') return;
    if (taken !== 'fresh') return this.#refused.add(taken, peer);
    this.#paths.heard(at);
    this.#step({ kind: 'beat', echoMs: got.echoUs === 0 ? undefined : got.echoUs / 1000 });
    if (got.kind === 'report') {
      const view = readView(got.body);
      return view ? this.#incidents.told(view) : this.#refused.add('malformed', peer);
    }
    const body = readSays(got.body);
    if (!body) return this.#refused.add('malformed', peer);
    const before = this.#says;
    if (before && before.from === got.from && before.stampUs >= got.stampUs) return;
    this.#says = { from: got.from, stampUs: got.stampUs, body };
    this.#counts.beatsHeard++;
    this.#stopped.clear();
    this.#comparison.facts(body);
    this.#compare();
    for (const instance of this.#options.instances()) this.#heed(instance);
  }

  #heed(instance: Instance): void {
    const { name } = instance.model;
    const says = this.#saysOf(name);
    const isTheirs = says?.state === 'active';
    if (!says) return;
    if (instance.state.kind === 'active' && (isTheirs || says.wants)) return this.#give(instance, says);
    if (!this.#wants.has(name) || isTheirs) return;
    const by = this.barredBy(instance);
    instance.bar(by);
    if (by === undefined)
      instance.feed({ kind: 'follow', to: 'active', reason: `${this.#peerName} has handed over` });
  }

  /** Why this node gives way to the other one that is active, whatever their priorities: that one cannot know of it. */
  givesWay(): string | undefined {
    const isKnown = !isUnheard(this.#state, this.#rules, this.#options.nowMs());
    return isKnown ? undefined : `${this.#peerName} is active, too, and does not hear this node`;
  }

  /** The other one is active as well, or asks for it: who is not heard gives way, then the greater priority has it, and among equals the greater name. */
  #give(instance: Instance, { priority, wants, state }: InstanceSays): void {
    const own = instance.state.own.priority;
    const unheard = state === 'active' ? this.givesWay() : undefined;
    const isGreater = priority > own || (priority === own && this.#peerName > this.model.node);
    if (unheard === undefined && !isGreater && !(wants && state !== 'active')) return;
    const compared =
      state === 'active'
        ? `${this.#peerName} is active, too, with priority ${priority}, and this node has ${own}`
        : `it hands over to ${this.#peerName}, of priority ${priority}`;
    const reason = unheard ?? compared;
    instance.feed({ kind: 'follow', to: 'backup', reason });
    this.beat();
  }

  figures(): HeartbeatFigures {
    const nowMs = this.#options.nowMs();
    const state = this.#state;
    const age = (ms: number | undefined) => (ms === undefined ? undefined : Math.round(nowMs - ms));
    const says = this.#says?.body;
    return {
      ...{ node: this.model.node, revision: this.#revision, inSync: this.#options.inSync() },
      ...{ intervalMs: this.model.intervalMs, timeoutMs: this.model.timeoutMs },
      ...{ link: state.link, linkMs: Math.round(nowMs - state.sinceMs), provenMs: age(state.provenMs) },
      peer: says && {
        ...says,
        isHeard: this.#isHeard(),
        ageMs: Math.round(nowMs - state.heardMs),
        isOtherRevision: this.#isOtherRevision,
      },
      paths: this.#paths.figures(),
      witness: this.#witness && {
        name: this.#witness.name,
        grantedForMs: isGranted(state, nowMs) ? Math.round(state.grantedUntilMs! - nowMs) : undefined,
        asking: state.asking,
        refusal: state.refusal,
      },
      mustRelease: this.mustRelease(),
      counts: { ...this.#counts, incidents: this.#incidents.count },
      drops: this.#refused.figures(),
      incidents: this.#incidents.all,
    };
  }

  /** Another configuration is in force, which changes nothing here. */
  follow(revision: string): void {
    this.#revision = revision;
    this.#compare();
    this.beat();
  }

  /** @param how `leaves`: everything is given up, and the other one may know it */
  close(how: 'leaves' | 'goes on'): void {
    const leaves = how === 'leaves';
    if (leaves) this.beat(true);
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#paths.close();
    if (leaves && this.#state.grantedUntilMs !== undefined) void this.#witness?.giveBack();
  }
}
