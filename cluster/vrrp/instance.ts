/** One virtual router at work: its machine, with a socket, a timer and addresses around it. */
import type { VrrpInstanceModel } from '#model/cluster/vrrp.ts';
import { addressBytes, addressText, sameAddress } from '../address.ts';
import type { InstanceFigures } from '../figures.ts';
import type { Interfaces } from '../interfaces.ts';
import type { Log } from '../log.ts';
import { type AdmissionRules, type Arrival, admit } from './admit.ts';
import { Announcer } from './announcer.ts';
import { Holding, nameOf } from './holding.ts';
import { Journal } from './journal.ts';
import { initialState, step } from './machine.ts';
import { type Advertisement, type ChecksumForm, encode } from './packet.ts';
import { Peers } from './peers.ts';
import { type Effect, type Event, OWNER_PRIORITY, type Own, type State } from './state.ts';
import { GROUPS, type Line, type Wire } from './wire.ts';

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

/** The kernel counts in seconds. No shorter than others wait, for within that time this node may go on. */
const leaseSeconds = (advertMs: number): number => Math.max(2, Math.ceil((4 * advertMs) / 1000));

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
  changed(instance: Instance, effect: Extract<Effect, { kind: 'changed' }>): void;
}

export class Instance {
  #model: VrrpInstanceModel;
  readonly #around: Surroundings;
  readonly #holding: Holding;
  readonly #announcer: Announcer;
  readonly #peers = new Peers();
  readonly #journal: Journal;
  /** Why it takes no part, by who says so. */
  readonly #faults = new Map<string, string>([['start', 'it is not started']]);
  #state: State;
  /** With the weights of what it tracks. */
  #priority: number;
  #line: Line | undefined;
  #index = 0;
  #source: Uint8Array | undefined;
  #form: ChecksumForm = 'pseudo-header';
  #timer: NodeJS.Timeout | undefined;
  /** The last message that was sent, and what it says. */
  #encoded: { readonly key: string; readonly message: Uint8Array } | undefined;
  #rules: AdmissionRules | undefined;

  /** Another process of this router was active just now, and has left it to this one. */
  #adopts: boolean;

  constructor(model: VrrpInstanceModel, around: Surroundings, adopts = false) {
    this.#model = model;
    this.#adopts = adopts;
    this.#around = around;
    this.#priority = model.priority;
    this.#journal = new Journal(model.name, around);
    this.#holding = new Holding(around.interfaces, around.linkFd, this.#journal.log);
    this.#announcer = new Announcer(model.announce, () => this.#holding.announce(), around.nowMs);
    this.#state = initialState(this.#own());
    this.#want(false);
    if (adopts) return;
    if (model.priority === OWNER_PRIORITY) this.#holding.spare();
    else for (const address of this.#holding.sweep()) this.#journal.log.notice(`${address} was left here`);
  }

  #want(holds: boolean): void {
    const { addresses, interface: by, advertMs, addressLease } = this.#model;
    this.#holding.want(addresses, { by, holds, leaseS: addressLease ? leaseSeconds(advertMs) : undefined });
  }

  get model(): VrrpInstanceModel {
    return this.#model;
  }

  get state(): State {
    return this.#state;
  }

  #own(): Own {
    const { version, advertMs, preempt, preemptDelayMs } = this.#model;
    const source = this.#source ?? new Uint8Array(this.#model.family === 4 ? 4 : 16);
    return { version, priority: this.#priority, advertMs, preempt, preemptDelayMs, source };
  }

  /** Takes another configuration of the same name, interface, VRID, family and version; it stays what it is. */
  reconfigure(model: VrrpInstanceModel): void {
    this.#model = model;
    this.#forget();
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
    const adopted = this.#adopts;
    this.#adopts = false;
    const why = adopted ? 'another process of this router left it' : `no more: ${reason}`;
    this.feed({ kind: 'startup', adopted, reason: key === 'start' && !adopted ? 'it is started' : why });
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
    const { interface: name, family } = this.#model;
    const link = this.#around.interfaces.find(name);
    if (!link) return this.#lose(`there is no interface ${name}`);
    if (!this.#around.interfaces.isUsable(name)) return this.#lose(`the interface ${name} is down`);
    const source = this.#sourceOn(link.index);
    if (!source)
      return this.#lose(`the interface ${name} has no ${family === 4 ? 'IPv4' : 'link-local'} address`);
    if (!this.#source || !sameAddress(source, this.#source)) {
      this.#source = source;
      this.#forget();
    }
    this.feed({ kind: 'configured', own: this.#own() });
    try {
      this.#listen(link.index);
    } catch (fault) {
      return this.#lose((fault as Error).message);
    }
    this.clear('interface');
    if (this.#state.kind === 'active' && this.#holding.take() > 0) {
      this.#journal.log.warn('somebody took its addresses away: they are put back');
      this.#announcer.start();
    }
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
    this.#unlisten();
  }

  #listen(index: number): void {
    if (this.#line && this.#index === index) return;
    this.#unlisten();
    const { family, vrid, peers } = this.#model;
    this.#index = index;
    const place = { family, index: peers ? 0 : index };
    this.#line = this.#around.wire.open(place, vrid, arrival => this.#hear(arrival));
  }

  #unlisten(): void {
    this.#line?.close();
    this.#line = undefined;
  }

  #forget(): void {
    this.#encoded = undefined;
    this.#rules = undefined;
  }

  #rulesNow(): AdmissionRules {
    const { version, family, vrid, peers, advertMs, password, strict } = this.#model;
    return {
      ...{ version, family, vrid, strict, intervalMs: advertMs, self: this.#source },
      destination: peers ? this.#source : GROUPS[family],
      peers: peers?.map(({ address, leastHops }) => ({ address: addressBytes(address), leastHops })),
      password: password === undefined ? undefined : Buffer.from(password, 'latin1'),
    };
  }

  #hear(arrival: Arrival): void {
    const got = admit(arrival, (this.#rules ??= this.#rulesNow()));
    const name = addressText(arrival.source);
    if (typeof got === 'string') return this.#journal.dropped(got, name);
    this.#learnForm(got);
    this.#peers.heard(arrival.source, got, this.#around.nowMs());
    this.#journal.received(got, this.#model, name);
    const { priority, intervalMs } = got;
    this.feed({ kind: 'advertisement', priority, intervalMs, source: arrival.source, name });
  }

  /** The peer's reading of the checksum is answered, so that it understands. */
  #learnForm({ form, version }: Advertisement): void {
    if (this.#model.checksum !== 'auto' || version !== 3 || form === this.#form) return;
    this.#form = form;
    this.#encoded = undefined;
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
    const ms = Math.ceil(this.#state.dueMs - this.#around.nowMs());
    this.#timer = setTimeout(() => this.#timeOut(), Math.max(1, ms));
  }

  /** What has come in during a pause is heard first: then it is known who spoke. */
  #timeOut(): void {
    this.#line?.drain();
    if (this.#state.kind === 'backup') this.bar(this.#around.barredBy(this));
    this.feed({ kind: 'timer' });
  }

  /** Undefined: it may become active. */
  bar(by: string | undefined): void {
    if (by !== this.#state.barredBy) this.feed({ kind: 'barred', by });
  }

  #do(effect: Effect): void {
    switch (effect.kind) {
      case 'advertise':
        return this.#advertise(effect.priority);
      case 'take':
        this.#announcer.reset();
        this.#holding.take();
        return this.#holding.keep();
      case 'release':
        this.#announcer.reset();
        return this.#holding.release();
      case 'announce':
        return this.#announcer.start();
      case 'paused':
        return this.#journal.paused(effect.silentMs, this.#state.kind);
      case 'changed':
        this.#journal.changed(effect);
        return this.#around.changed(this, effect);
    }
  }

  #advertise(priority: number): void {
    const { family, peers } = this.#model;
    const to = peers ? peers.map(({ address }) => addressBytes(address)) : [GROUPS[family]];
    for (const destination of to) {
      try {
        this.#line?.send(destination, this.#source!, this.#index, this.#messageTo(destination, priority));
        this.#journal.sent();
      } catch (fault) {
        this.#journal.unsent(fault as Error);
      }
    }
  }

  #messageTo(destination: Uint8Array, priority: number): Uint8Array {
    const { version, family, vrid, advertMs, checksum, password, addresses } = this.#model;
    const key = `${priority} ${destination}`;
    if (this.#encoded?.key === key) return this.#encoded.message;
    const message = encode({
      ...{ version, family, vrid, priority, destination, intervalMs: advertMs, source: this.#source! },
      addresses: addresses.filter(({ advertised }) => advertised).map(one => addressBytes(one.address)),
      form: checksum === 'auto' ? this.#form : checksum,
      password: password === undefined ? undefined : Buffer.from(password, 'latin1'),
    });
    this.#encoded = { key, message };
    return message;
  }

  /** Gives its addresses up, says so, and ends. */
  stop(reason: string): void {
    this.fault('start', reason);
    this.#announcer.stop();
    this.#unlisten();
  }

  /** Ends without a word, and leaves the addresses: another process of this router goes on. */
  leave(): void {
    this.#announcer.stop();
    if (this.#state.kind === 'active') this.#holding.leave();
    this.#unlisten();
    clearTimeout(this.#timer);
  }

  /** What somebody else needs to speak in its stead. */
  get standing(): Standing {
    const { name } = this.#model;
    const isActive = this.#state.kind === 'active';
    const sentMs = this.#state.kind === 'active' ? this.#state.sentMs : 0;
    return { name, isActive, sentMs, index: this.#index, form: this.#form, source: this.#source };
  }

  figures(): Omit<InstanceFigures, 'group' | 'tracks'> {
    const state = this.#state;
    const {
      name,
      interface: on,
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
      ...{ name, interface: on, vrid, family, version, advertMs, preempt, preemptDelayMs },
      ...{ state: state.kind, basePriority: priority, priority: this.#priority },
      faults: [...this.#faults.values()],
      yielding: state.yielding,
      barredBy: state.barredBy,
      source: this.#source && addressText(this.#source),
      addresses: this.#model.addresses.map(nameOf),
      peers: this.#peers.figures(nowMs),
      takesOverInMs: state.kind === 'backup' ? until(state.dueMs) : undefined,
      preemptsInMs: state.kind === 'backup' ? until(state.preemptAtMs) : undefined,
      ...this.#journal.figures(),
    };
  }
}
