/** A pool as the steward keeps it: its members as they are now, and the memory that all threads know them by. */
import type { MemberModel, PoolModel } from '#model/l7/upstream.ts';
import type { Ward } from '../health/checker.ts';
import { KeptPeers, type Seat, stampOf } from '../zone/kept.ts';
import { type Peers, STATE } from '../zone/peers.ts';
import { configureState, type PoolShare, peersWish } from './pool-share.ts';

const CHECKED = STATE.unhealthy | STATE.unchecked;

export class KeptPool {
  /** As configured. */
  readonly base: PoolModel;
  /** As it was commanded. */
  readonly model: PoolModel;
  /** Looked up, primaries first. */
  readonly members: readonly MemberModel[];
  readonly #zone: KeptPeers;
  readonly #generation: number;
  readonly #was: number | undefined;
  /** The threads know the members from their own copy of the configuration. */
  readonly #asConfigured: boolean;
  /** Whose memory this one goes on with. */
  #old: KeptPool | undefined;

  /**
   * @param old the pool of that name that runs: its memory is used again where it fits, and nothing of it is changed before take()
   * @param generation a number that no other pool got
   * @param asConfigured whether `members` are those of the configuration that the threads run on
   */
  constructor(
    base: PoolModel,
    model: PoolModel,
    members: readonly MemberModel[],
    seat: Seat,
    old: KeptPool | undefined,
    generation: number,
    asConfigured: boolean,
  ) {
    this.base = base;
    this.model = model;
    this.members = members;
    this.#asConfigured = asConfigured;
    this.#old = old;
    const wish = peersWish(model, members);
    if (old && old.#zone.stamp === stampOf(wish)) {
      this.#zone = old.#zone;
      this.#generation = old.#generation;
      this.#was = old.#was;
    } else {
      this.#zone = new KeptPeers(wish, seat, old ? old.#zone : undefined);
      this.#generation = generation;
      this.#was = old ? old.#generation : undefined;
    }
  }

  /** The steward's own view. */
  get peers(): Peers {
    return this.#zone.view;
  }

  share(): PoolShare {
    const { shared } = this.#zone;
    const members = this.#asConfigured ? undefined : this.members;
    return { pool: this.model.name, members, shared, generation: this.#generation, was: this.#was };
  }

  /** This is what runs from now on. @returns whether the memory is new to the threads */
  take(): boolean {
    const old = this.#old;
    const isNew = old === undefined || this.#zone !== old.#zone;
    if (isNew) this.#zone.follow();
    configureState(this.peers, this.members);
    return isNew;
  }

  /** What health checks need to know of the members. */
  beds(): Ward['beds'] {
    const { peers, model } = this;
    return this.members.map((member, index) => ({
      poolName: model.name,
      member,
      peers,
      index,
      name: peers.names[index]!,
    }));
  }

  /** Nobody checks these members: what checks said before is void. */
  declareHealthy(): void {
    this.members.forEach((_, index) => {
      if (this.peers.state(index) & CHECKED) this.peers.clear(index, CHECKED);
    });
  }

  /** All threads have it. */
  settle(): void {
    this.#old = undefined;
    this.#zone.settle();
  }

  /** Gives back what a thread that died held; see ZoneRegistry. */
  threadDied(owner: number, place: number): void {
    this.#zone.recover(owner);
    this.#zone.giveBack(place);
  }
}
