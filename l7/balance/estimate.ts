/** How long a member would take to get done with what it has: nginx's measure for `least_time`. */
import type { BalanceModel } from '#model/l7/upstream.ts';
import type { Attempt } from '../variable/upstream.ts';
import { COUNT } from '../zone/peers.ts';
import type { Balancer } from './balancer.ts';
import type { Group } from './group.ts';

/** The part of a new time in the average. */
const SHARE = 0.05;
/** Members slower than this are equally bad. */
const MOST_MS = 5000;
/** Times are taken in steps of this, so that members that differ little take turns. */
const STEP_MS = 20;

export class Estimate {
  readonly #group: Group;
  readonly #by: 'header' | 'last-byte';
  readonly #inflight: boolean;
  /** For the balancer: until when a request counts as waiting. */
  readonly waiting: Pick<Balancer, 'waitsFor'>;

  /** @param inflight whether requests that wait for longer than the average count against the member */
  constructor(group: Group, by: BalanceModel['by'], inflight: boolean) {
    this.#group = group;
    this.#by = by === 'last-byte' ? 'last-byte' : 'header';
    this.#inflight = inflight;
    this.waiting = inflight ? { waitsFor: this.#by } : {};
  }

  /** 20 ms for an idle member that nothing is known of. O(threads). */
  remainingMs(index: number, nowMs: number): number {
    const { peers } = this.#group;
    let timeMs = this.#averageMs(index, nowMs);
    if (this.#inflight) timeMs = Math.max(timeMs, this.#waitMs(index, nowMs));
    timeMs = timeMs > MOST_MS ? MOST_MS : timeMs - (timeMs % STEP_MS) + STEP_MS;
    return timeMs * (1 + peers.inFlight(index));
  }

  /** The average halves with each fail_timeout that the member is not asked, so that slow ones get another chance. */
  #averageMs(index: number, nowMs: number): number {
    const { peers, members } = this.#group;
    const averageMs = Math.trunc((this.#by === 'header' ? peers.headerMs : peers.responseMs)[index]!);
    const restMs = nowMs - peers.checkedMs[index]!;
    const { failTimeoutMs } = members[index]!.model;
    if (restMs <= failTimeoutMs) return averageMs;
    return averageMs / 2 ** Math.floor(restMs / (failTimeoutMs + 1000));
  }

  /** How long, on average, the requests wait that have no answer yet. */
  #waitMs(index: number, nowMs: number): number {
    const { peers } = this.#group;
    const waiting = peers.sum(index, COUNT.waiting);
    return waiting > 0 ? nowMs - peers.sum(index, COUNT.waitingSinceMs) / waiting : 0;
  }

  observe(index: number, attempt: Attempt): void {
    if (attempt.headerMs >= 0)
      this.#group.peers.blendTimes(index, attempt.headerMs, attempt.responseMs, SHARE);
  }
}
