/**
 * Does once what must not be done in every thread: keeps the memory of the pools, looks up their members, checks their health.
 * It lives in the main thread of the L7 process.
 */
import type { Log } from '#kit/log.ts';
import type { HttpModel } from '#model/l7/http.ts';
import type { PoolModel } from '#model/l7/upstream.ts';
import { monotonicMs } from '../clock.ts';
import type { Seat } from '../zone/kept.ts';
import { ownerOf } from '../zone/lock.ts';
import { KeptPool } from './kept-pool.ts';
import type { PoolShare } from './pool-share.ts';
import { primariesFirst } from './pool-share.ts';
import { type PoolSnapshot, snapshotOf } from './pool-snapshot.ts';

export interface StewardMeans {
  readonly seat: Seat;
  readonly log: () => Log;
  /** Has all threads go on with other members. */
  readonly change: (shares: readonly PoolShare[]) => Promise<void>;
  /** Tells all threads that all of them have. */
  readonly settle: () => Promise<void>;
}

type Pools = ReadonlyMap<string, KeptPool>;

export class PoolSteward {
  readonly #means: StewardMeans;
  #current: Pools = new Map();
  #next: Pools | undefined;
  /** What ran before: requests that began then may still use it. */
  #before: Pools = new Map();
  #generations = 0;

  constructor(means: StewardMeans) {
    this.#means = means;
  }

  /** Makes the pools of a configuration beside those that run. */
  async prepare({ pools }: HttpModel): Promise<void> {
    this.#next = new Map(pools.map(model => [model.name, this.#make(model)]));
  }

  #make(model: PoolModel): KeptPool {
    const old = this.#current.get(model.name);
    return new KeptPool(model, primariesFirst(model.members), this.#means.seat, old, ++this.#generations);
  }

  /** What the threads are given: of the prepared configuration, or else of the one that runs. */
  shares(): PoolShare[] {
    return [...(this.#next ?? this.#current).values()].map(pool => pool.share());
  }

  /** The prepared pools run. */
  commit(): void {
    if (!this.#next) throw new Error('Cannot commit pools: none are prepared');
    this.#before = this.#current;
    this.#current = this.#next;
    this.#next = undefined;
    for (const pool of this.#current.values()) pool.take();
  }

  abandon(): void {
    this.#next = undefined;
  }

  /** All threads have taken up what was committed. */
  async settle(): Promise<void> {
    for (const pool of this.#current.values()) pool.settle();
    await this.#means.settle();
  }

  /** Called once a thread runs no more. */
  threadDied(threadId: number, place: number): void {
    const pools = new Set([...this.#before.values(), ...this.#current.values()]);
    for (const pool of pools) pool.threadDied(ownerOf(threadId), place);
  }

  snapshot(): PoolSnapshot[] {
    const nowMs = monotonicMs();
    return [...this.#current.values()].map(({ model, peers, members }) =>
      snapshotOf(
        model.name,
        peers,
        members.map(member => ({ model: member })),
        nowMs,
      ),
    );
  }
}
