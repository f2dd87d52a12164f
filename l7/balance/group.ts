/** Members that stand in for each other: the primaries of a pool, or its backups. Says who of them may be used. */
import type { Member } from '../upstream/member.ts';
import { type Peers, STATE } from '../zone/peers.ts';
import { type Ask, NOBODY } from './balancer.ts';

/** Weights are counted in sixteenths where members start slowly, so that a weight of 1 can grow in steps. */
const SLOW_START_UNIT = 16;

/** A group is fixed; the pool makes new ones when its members change. Methods need the pool's lock unless they say so. */
/** No pool gets near this many failures or connections; what is above means the same. */
const bounded = (count: number) => Math.min(count, 2 ** 31 - 1);

export class Group {
  readonly peers: Peers;
  /** All members of the pool; those of the group are at `first` up to, without, `end`. */
  readonly members: readonly Member[];
  readonly first: number;
  readonly end: number;
  /** Of configured weights, whether their members can be used or not. */
  readonly totalWeight: number;
  readonly #alone: boolean;
  readonly #unit: number;
  /** By index among all members. */
  readonly #maxFails: Int32Array;
  readonly #maxConns: Int32Array;
  readonly #failTimeoutMs: Float64Array;

  /** @param members in the order of `peers.names` */
  constructor(peers: Peers, members: readonly Member[], first: number, end: number) {
    this.peers = peers;
    this.members = members;
    this.first = first;
    this.end = end;
    const own = members.slice(first, end);
    this.totalWeight = own.reduce((sum, member) => sum + member.model.weight, 0);
    this.#alone = members.length === 1;
    this.#maxFails = Int32Array.from(members, ({ model }) => (this.#alone ? 0 : bounded(model.maxFails)));
    this.#maxConns = Int32Array.from(members, ({ model }) => bounded(model.maxConns));
    this.#failTimeoutMs = Float64Array.from(members, ({ model }) => model.failTimeoutMs);
    this.#unit = own.some(member => member.model.slowStartMs > 0) ? SLOW_START_UNIT : 1;
  }

  get size(): number {
    return this.end - this.first;
  }

  /** Whether the member may be chosen. A draining one may not. */
  usable(index: number, ask: Ask): boolean {
    return this.#passes(index, ask, 0);
  }

  /** Whether the member may be chosen for a session that it has already: a draining one may. */
  usableForSession(index: number, ask: Ask): boolean {
    return index >= this.first && index < this.end && this.#passes(index, ask, STATE.drain);
  }

  #passes(index: number, ask: Ask, forgiven: number): boolean {
    const { peers } = this;
    const state = peers.state(index) & ~forgiven;
    if (state !== 0 && !this.#ejectionOver(index, state, ask)) return false;
    if (ask.tried?.has(this.members[index]!)) return false;
    const maxFails = this.#maxFails[index]!;
    if (maxFails > 0 && peers.fails[index]! >= maxFails) {
      if (ask.nowMs - peers.checkedMs[index]! <= this.#failTimeoutMs[index]!) return false;
    }
    const maxConns = this.#maxConns[index]!;
    if (maxConns === 0 || peers.inFlight(index) < maxConns) return true;
    ask.full = true;
    return false;
  }

  #ejectionOver(index: number, state: number, ask: Ask): boolean {
    if (state !== STATE.ejected || ask.nowMs < this.peers.ejectedUntilMs[index]!) return false;
    this.peers.clear(index, STATE.ejected);
    this.startSlowly(index, ask.nowMs);
    ask.readmitted = index;
    return true;
  }

  /** What the member gains in a round of turns: its weight, less after failures and while it starts slowly. */
  turnWeight(index: number, nowMs: number): number {
    return this.#ramp(index, this.peers.effectiveWeight[index]! * this.#unit, nowMs);
  }

  /** What the member's load is compared by: its weight, less while it starts slowly; above 0. */
  loadWeight(index: number, nowMs: number): number {
    return this.#ramp(index, this.peers.weight[index]! * this.#unit, nowMs);
  }

  #ramp(index: number, full: number, nowMs: number): number {
    const startMs = this.peers.slowStartMs[index]!;
    if (startMs === 0) return full;
    const share = (nowMs - startMs) / this.members[index]!.model.slowStartMs;
    if (share < 1) return Math.min(full, Math.max(1, Math.floor(full * share)));
    this.peers.slowStartMs[index] = 0;
    return full;
  }

  /** Counts a request as in flight at the member. The first one after a time of failures is on trial. */
  begin(index: number, nowMs: number): void {
    const { peers } = this;
    peers.begin(index);
    if (nowMs - peers.checkedMs[index]! > this.members[index]!.model.failTimeoutMs)
      peers.checkedMs[index] = nowMs;
  }

  /** Takes note of a try that failed. @returns whether the member has had enough of them to be left alone for a while */
  fail(index: number, nowMs: number): boolean {
    if (this.#alone) return false;
    const { peers } = this;
    const { maxFails } = this.members[index]!.model;
    peers.fails[index] = peers.fails[index]! + 1;
    peers.failedMs[index] = peers.checkedMs[index] = nowMs;
    if (maxFails === 0) return false;
    const loss = Math.trunc(peers.weight[index]! / maxFails);
    peers.effectiveWeight[index] = Math.max(0, peers.effectiveWeight[index]! - loss);
    return peers.fails[index]! >= maxFails;
  }

  /** Takes note of a try that went well: failures before it are forgotten, if it was begun after them. */
  succeed(index: number, nowMs: number): void {
    const { peers } = this;
    if (peers.failedMs[index]! >= peers.checkedMs[index]!) return;
    const { maxFails } = this.members[index]!.model;
    if (maxFails > 0 && peers.fails[index]! >= maxFails) this.startSlowly(index, nowMs);
    peers.fails[index] = 0;
  }

  /** Has the member's weight grow from nothing, where it is configured so. */
  startSlowly(index: number, nowMs: number): void {
    if (this.members[index]!.model.slowStartMs > 0 && !this.#alone) this.peers.slowStartMs[index] = nowMs;
  }

  /** Smooth weighted round robin: the next of those who may be used, or NOBODY. O(members). */
  nextTurn(ask: Ask): number {
    const { currentWeight, effectiveWeight, weight } = this.peers;
    let best = NOBODY;
    let total = 0;
    for (let index = this.first; index < this.end; index++) {
      if (!this.usable(index, ask)) continue;
      const gain = this.turnWeight(index, ask.nowMs);
      currentWeight[index] = currentWeight[index]! + gain;
      total += gain;
      if (effectiveWeight[index]! < weight[index]!) effectiveWeight[index] = effectiveWeight[index]! + 1;
      if (best === NOBODY || currentWeight[index]! > currentWeight[best]!) best = index;
    }
    if (best !== NOBODY) currentWeight[best] = currentWeight[best]! - total;
    return best;
  }
}
