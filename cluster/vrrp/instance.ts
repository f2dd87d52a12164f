/** One virtual router at work: its machine, with a socket, a timer and addresses around it. */

import { addressBytes, addressText } from '#kit/address-bytes.ts';
import type { VrrpInstanceModel } from '#model/cluster/vrrp.ts';
import type { Link } from '#native/netlink.ts';
import type { InstanceFigures } from '../figures.ts';
import type { Interfaces } from '../interfaces.ts';
import type { Log } from '../log.ts';
import { Announcer } from './announcer.ts';
import { Holding, nameOf } from './holding.ts';
import { Journal } from './journal.ts';
import { initialState, step } from './machine.ts';
import type { ChecksumForm } from './packet.ts';
import { Peers } from './peers.ts';
import { type Effect, type Event, OWNER_PRIORITY, type Own, STOP_PRIORITY, type State } from './state.ts';
import { type Heard, Voice } from './voice.ts';
import type { Wire } from './wire.ts';

type WithoutTime<E> = E extends unknown ? Omit<E, 'nowMs'> : never;

/** Where an instance stands, for who has to speak or go on in its stead. */
export interface Standing {
  readonly name: string;
  readonly isActive: boolean;
  /** When it last advertised, by the monotonic clock that all processes of a host share. */
  readonly sentMs: number;
  readonly index: number;
  readonly form: ChecksumForm;
  readonly source: Uint8Array | undefined;
}

/** It may end a quarter of a second early, and the last renewal was a quarter before. */
const LEASE_EARLY_MS = 500;
/** The kernel counts in seconds. No shorter than others wait, for within that time this node may go on; and no longer, for two would have them. */
const leaseSeconds = (advertMs: number): number => Math.ceil((4 * advertMs + LEASE_EARLY_MS) / 1000);

/** What an instance has from its node. */
export interface Surroundings {
  readonly interfaces: Interfaces;
  readonly wire: Wire;
  readonly linkFd: number;
  readonly log: Log;
  /** ms of a monotonic clock */
  nowMs(): number;
  /** All virtual addresses of this node: they are no source of anything. */
  virtualAddresses(): readonly Uint8Array[];
  /** Just before its timer is heeded: what its group has to say about becoming active. */
  barredBy(instance: Instance): string | undefined;
  /** Why the addresses must be given up now; undefined: they may be held. */
  mustRelease(): string | undefined;
  /** Why this node gives way to another one that is active, too; undefined: as VRRP says. */
  givesWay(): string | undefined;
  /** For so long the kernel keeps an address that is not renewed; undefined: as the interval of advertisements says. */
  leaseS(): number | undefined;
  /** It takes its addresses now, or has given them up. */
  holds(instance: Instance, holds: boolean): void;
  /** Another router said that it stops. */
  stopped(instance: Instance): void;
  changed(instance: Instance, effect: Extract<Effect, { kind: 'changed' }>): void;
}

export class Instance {
  #model: VrrpInstanceModel;
  readonly #around: Surroundings;
  readonly #holding: Holding;
  readonly #announcer: Announcer;
  readonly #voice: Voice;
  readonly #peers = new Peers();
  readonly #journal: Journal;
  /** Why it takes no part, by who says so. */
  readonly #faults = new Map<string, string>([['start', 'it is not started']]);
  #state: State;
  /** With the weights of what it tracks. */
  #priority: number;
  /** Why it does not preempt yet. */
  #waitsFor: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Until then it may go on where another process of this router was active just now; 0: it was not. */
  #adoptsUntilMs: number;

  constructor(model: VrrpInstanceModel, around: Surroundings, adoptsUntilMs = 0) {
    this.#model = model;
    this.#adoptsUntilMs = adoptsUntilMs;
    this.#around = around;
    this.#priority = model.priority;
    this.#journal = new Journal(model.name, around);
    this.#holding = new Holding(around.interfaces, around.linkFd, this.#journal.log);
    this.#announcer = new Announcer(model.announce, () => this.#announce(), around.nowMs);
    const { wire } = around;
    const hear = (heard: Heard) => this.#hear(heard);
    this.#voice = new Voice(model, { wire, journal: this.#journal, hear });
    this.#state = initialState(this.#own());
    this.#want(false);
    if (adoptsUntilMs > 0) this.#giveUpUnadopted();
    else if (model.priority === OWNER_PRIORITY) this.#holding.spare();
    else for (const address of this.#holding.sweep()) this.#journal.log.notice(`${address} was left here`);
  }

  /** On lo, or a dummy, nobody would hear it. */
  #announce(): void {
    if (this.#model.election) this.#holding.announce();
  }

  #want(holds: boolean): void {
    const { addresses, interface: by, advertMs, addressLease } = this.#model;
    const seconds = this.#around.leaseS() ?? leaseSeconds(advertMs);
    const mayKeep = () => this.#around.mustRelease() === undefined;
    if (holds) this.#around.holds(this, true);
    this.#holding.want(addresses, { by, holds, leaseS: addressLease ? seconds : undefined, mayKeep });
  }

  /** What was left here in vain is taken away. */
  #giveUpUnadopted(): void {
    const release = () => {
      if (this.#state.kind !== 'active') this.#holding.release();
    };
    setTimeout(release, Math.max(0, this.#adoptsUntilMs - this.#around.nowMs()));
  }

  get model(): VrrpInstanceModel {
    return this.#model;
  }

  get state(): State {
    return this.#state;
  }

  #own(): Own {
    const { version, advertMs, preempt, preemptDelayMs } = this.#model;
    const source = this.#voice.source ?? new Uint8Array(this.#model.family === 4 ? 4 : 16);
    const mayPreempt = preempt && this.#waitsFor === undefined;
    return { version, priority: this.#priority, advertMs, preempt: mayPreempt, preemptDelayMs, source };
  }

  /** Takes another configuration of the same name, interface, VRID, family and version; it stays what it is. */
  reconfigure(model: VrrpInstanceModel): void {
    this.#model = model;
    this.#voice.configure(model);
    this.#announcer.replan(model.announce);
    const holds = this.#state.kind === 'active';
    this.#want(holds);
    if (holds) this.#announcer.start();
    this.surroundingsChanged();
  }

  /** Weights of what it tracks have changed it; an owner has none. @param priority 1..254 */
  weigh(priority: number): void {
    const next = this.#model.priority === OWNER_PRIORITY ? OWNER_PRIORITY : priority;
    if (next === this.#priority) return;
    this.#journal.log.notice(`its priority is ${next} now, ${this.#priority} before`);
    this.#priority = next;
    this.feed({ kind: 'configured', own: this.#own() });
  }

  /** Leaves a router of lower priority in its place until this is undefined; it takes over from one that is silent. */
  waitFor(reason: string | undefined): void {
    if (reason === this.#waitsFor) return;
    if (!this.#model.election) return this.#holdBack(reason);
    const before = this.#waitsFor;
    this.#waitsFor = reason;
    if (before === undefined || reason === undefined) this.feed({ kind: 'configured', own: this.#own() });
  }

  /** Without an election nobody is there whose place it could leave him. */
  #holdBack(reason: string | undefined): void {
    this.#waitsFor = reason;
    if (reason === undefined) this.clear('flows');
    // Once it carries flows, to withdraw would break more than not knowing others does.
    else if (this.#state.kind !== 'active') this.fault('flows', reason);
  }

  /** Takes it out of the election until `clear` is called with the same key. */
  fault(key: string, reason: string): void {
    this.#faults.set(key, reason);
    if (this.#state.kind !== 'initialize') this.feed({ kind: 'shutdown', reason });
  }

  /** The last fault that goes lets it take part. */
  clear(key: string): void {
    const reason = this.#faults.get(key);
    this.#faults.delete(key);
    if (reason === undefined || this.#faults.size > 0) return;
    const { election } = this.#model;
    const adopted = this.#around.nowMs() < this.#adoptsUntilMs;
    this.#adoptsUntilMs = 0;
    // An owner does not listen first.
    if (!adopted && this.#priority === OWNER_PRIORITY) this.bar(this.#around.barredBy(this));
    const why = adopted ? 'another process of this router left it' : `no more: ${reason}`;
    const says = key === 'start' && !adopted ? 'it is started' : why;
    this.feed({ kind: 'startup', adopted: adopted || !election, reason: says });
  }

  /** A fault that none of these keys has; undefined: there is none. */
  faultBeside(...keys: readonly string[]): string | undefined {
    return this.#faults.entries().find(([key]) => !keys.includes(key))?.[1];
  }

  /** It is backup, and somebody else is active as far as it knows. */
  hearsActive(): boolean {
    const state = this.#state;
    return state.kind === 'backup' && state.heardMs !== undefined && this.#around.nowMs() < state.dueMs;
  }

  /** Interfaces or addresses are other ones, or may be. */
  surroundingsChanged(): void {
    const { interface: name, election } = this.#model;
    const link = this.#around.interfaces.find(name);
    if (!link) return this.#lose(`there is no interface ${name}`);
    if (!this.#around.interfaces.isUsable(name)) return this.#lose(`the interface ${name} is down`);
    const fault = election ? this.#speakOn(link) : undefined;
    if (fault !== undefined) return this.#lose(fault);
    this.clear('interface');
    if (this.#state.kind === 'active' && !this.#isReleased() && this.#holding.take() > 0) {
      this.#journal.log.warn('somebody took its addresses away: they are put back');
      this.#announcer.start();
    }
  }

  /** @returns why it cannot; undefined: it speaks and listens */
  #speakOn({ name, index }: Link): string | undefined {
    const source = this.#sourceOn(index);
    if (!source)
      return `the interface ${name} has no ${this.#model.family === 4 ? 'IPv4' : 'link-local'} address`;
    this.#voice.speakFrom(source);
    this.feed({ kind: 'configured', own: this.#own() });
    try {
      this.#voice.listen(index);
    } catch (fault) {
      return (fault as Error).message;
    }
    return undefined;
  }

  #sourceOn(index: number): Uint8Array | undefined {
    const { source, family } = this.#model;
    if (source === undefined)
      return this.#around.interfaces.sourceOf(index, family, this.#around.virtualAddresses());
    const address = addressBytes(source);
    return this.#around.interfaces.has(index, address) ? address : undefined;
  }

  #lose(reason: string): void {
    if (this.#faults.get('interface') !== reason) this.fault('interface', reason);
    this.#voice.close();
  }

  #hear({ advertisement, source, name }: Heard): void {
    this.#peers.heard(source, advertisement, this.#around.nowMs());
    const { priority, intervalMs } = advertisement;
    if (priority === STOP_PRIORITY) this.#around.stopped(this);
    // At once: an announcement in answer would lead clients here, and the other one does not hear it and announces no more.
    else if (this.#state.kind === 'active') this.#giveWay();
    this.feed({ kind: 'advertisement', priority, intervalMs, source, name });
  }

  #giveWay(): void {
    const reason = this.#around.givesWay();
    if (reason !== undefined) this.feed({ kind: 'follow', to: 'backup', reason });
  }

  /** Lets the machine know; what it wants is done when this returns. */
  feed(event: WithoutTime<Event>): void {
    const [state, effects] = step(this.#state, { ...event, nowMs: this.#around.nowMs() } as Event);
    this.#state = state;
    for (const effect of effects) this.#do(effect);
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#state.kind === 'initialize') return;
    // One that comes early is armed again; rounded up, it would be late each time.
    const ms = Math.floor(this.#state.dueMs - this.#around.nowMs());
    this.#timer = setTimeout(() => this.#timeOut(), Math.max(1, ms));
  }

  /** What has come in during a pause is heard first: then it is known who spoke. */
  #timeOut(): void {
    this.#voice.drain();
    if (this.#isReleased()) return;
    if (this.#state.kind === 'backup') this.bar(this.#around.barredBy(this));
    this.feed({ kind: 'timer' });
  }

  /** Gives its addresses up if it has no right to them any more. @returns whether it did */
  #isReleased(): boolean {
    const reason = this.#state.kind === 'active' ? this.#around.mustRelease() : undefined;
    if (reason === undefined) return false;
    this.feed({ kind: 'follow', to: 'backup', reason });
    return true;
  }

  /** Another node may have had its addresses, too, and has given way. */
  announceAgain(): void {
    if (this.#state.kind === 'active') this.#announcer.start();
  }

  /** What has barred it may have gone. */
  lookAgain(): void {
    if (this.#state.kind === 'backup' && this.#state.overdue) this.#timeOut();
  }

  /** Undefined: it may become active. */
  bar(by: string | undefined): void {
    if (by !== this.#state.barredBy) this.feed({ kind: 'barred', by });
  }

  #do(effect: Effect): void {
    switch (effect.kind) {
      case 'advertise':
        return this.#model.election ? this.#voice.say(effect.priority) : undefined;
      case 'take':
        this.#announcer.reset();
        this.#around.holds(this, true);
        this.#holding.take();
        return this.#holding.keep();
      case 'release':
        this.#announcer.reset();
        this.#holding.release();
        return this.#around.holds(this, false);
      case 'announce':
        return this.#announcer.start();
      case 'paused':
        return this.#journal.paused(effect.silentMs, this.#state.kind);
      case 'changed':
        this.#journal.changed(effect);
        return this.#around.changed(this, effect);
    }
  }

  /** Gives its addresses up, says so, and ends. */
  stop(reason: string): void {
    this.fault('start', reason);
    this.#announcer.stop();
    this.#voice.close();
  }

  /** Ends without a word, and leaves the addresses: another process of this router goes on. */
  leave(): void {
    this.#announcer.stop();
    if (this.#state.kind === 'active') this.#holding.leave();
    this.#voice.close();
    clearTimeout(this.#timer);
  }

  /** What somebody else needs to speak in its stead. */
  get standing(): Standing {
    const { name } = this.#model;
    const { index, form, source } = this.#voice;
    const isActive = this.#state.kind === 'active';
    const sentMs = this.#state.kind === 'active' ? this.#state.sentMs : 0;
    return { name, isActive, sentMs, index, form, source };
  }

  figures(): Omit<InstanceFigures, 'group' | 'tracks'> {
    const state = this.#state;
    const {
      name,
      interface: on,
      election,
      vrid,
      family,
      version,
      priority,
      advertMs,
      preempt,
      preemptDelayMs,
    } = this.#model;
    const nowMs = this.#around.nowMs();
    const until = (ms: number | undefined) =>
      ms === undefined ? undefined : Math.max(0, Math.round(ms - nowMs));
    return {
      ...{ name, interface: on, election, vrid, family, version, advertMs, preempt, preemptDelayMs },
      ...{ state: state.kind, basePriority: priority, priority: this.#priority },
      faults: [...this.#faults.values()],
      yielding: state.yielding,
      barredBy: state.barredBy,
      waitsFor: this.#waitsFor,
      source: this.#voice.source && addressText(this.#voice.source),
      addresses: this.#model.addresses.map(nameOf),
      peers: this.#peers.figures(nowMs),
      takesOverInMs: state.kind === 'backup' ? until(state.dueMs) : undefined,
      preemptsInMs: state.kind === 'backup' ? until(state.preemptAtMs) : undefined,
      ...this.#journal.figures(),
    };
  }
}
