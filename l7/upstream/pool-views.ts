/** What one thread has of the pools beyond a configuration: its views of their shared state, and idle connections. */
import { monotonicMs } from '../clock.ts';
import { Resolvers } from '../resolve/resolvers.ts';
import { Peers } from '../zone/peers.ts';
import { IdleConnections } from './idle.ts';
import type { PoolShare } from './pool-share.ts';

interface View {
  readonly generation: number;
  readonly peers: Peers;
}

/** A thread's own place in shared memory, and the name it locks by. */
export interface Seat {
  readonly slot: number;
  readonly owner: number;
}

export class PoolViews {
  readonly #seat: Seat;
  /** Those in use. */
  readonly #views = new Map<string, View>();
  readonly #idle = new Map<string, IdleConnections>();
  /** For names that only requests know. */
  readonly resolvers = new Resolvers(monotonicMs);

  constructor(seat: Seat) {
    this.#seat = seat;
  }

  get owner(): number {
    return this.#seat.owner;
  }

  /** The view of a pool's state: the one in use if the memory is the same, else one that `adopt()` makes the one in use. */
  open({ pool, shared, generation }: PoolShare): Peers {
    const view = this.#views.get(pool);
    return view?.generation === generation
      ? view.peers
      : new Peers(shared, this.#seat.slot, this.#seat.owner);
  }

  /** From now on `peers`, opened for the share, is in use; what this thread has in flight moves there. */
  adopt({ pool, generation, was }: PoolShare, peers: Peers): void {
    const view = this.#views.get(pool);
    if (view?.generation === generation) return;
    if (view && view.generation === was) peers.inherit(view.peers);
    this.#views.set(pool, { generation, peers });
  }

  /** All threads have adopted what this one has: the memories before are let go. */
  settle(): void {
    for (const { peers } of this.#views.values()) peers.settle();
  }

  /** Whether this thread has a view of the pool's state. */
  uses(pool: string): boolean {
    return this.#views.has(pool);
  }

  /** The idle connections of a pool; they stay when the configuration changes. @param limit holds where there are none yet */
  idle(pool: string, limit: number): IdleConnections {
    let idle = this.#idle.get(pool);
    if (!idle) this.#idle.set(pool, (idle = new IdleConnections(limit)));
    return idle;
  }

  /** Sets how many idle connections a pool may have. */
  limitIdle(pool: string, limit: number): void {
    const idle = this.#idle.get(pool);
    if (!idle) return;
    idle.limit = limit;
    idle.trim();
  }

  /** A pool is let go: what is idle there is closed. */
  release(pool: string): void {
    this.#idle.get(pool)?.keepOnly(new Set());
    this.#idle.delete(pool);
  }

  /** Closes all idle connections. */
  closeIdle(): void {
    for (const idle of this.#idle.values()) idle.keepOnly(new Set());
  }

  /** Pools that are no more: what is idle there ends in its own time. */
  forget(kept: ReadonlySet<string>): void {
    for (const [name, idle] of this.#idle) if (!kept.has(name) && idle.size === 0) this.#idle.delete(name);
    for (const name of this.#views.keys()) if (!kept.has(name)) this.#views.delete(name);
  }
}
