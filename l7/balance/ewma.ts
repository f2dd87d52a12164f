/** The member with the least expected wait, by a moving average that rises at once and falls slowly. */
import { type BalancerMaker, NOBODY } from './balancer.ts';
import { leastLoaded } from './ties.ts';

/** After this time an old average counts 1/e of what it did. */
const FADE_MS = 10_000;

/**
 * Peak EWMA as in Finagle and linkerd: a slow answer raises the average to its own time at once, quick ones lower it as time
 * passes. The load is that average × (requests in flight + 1). A member that nothing is known of yet has the load of its requests
 * in flight alone, so it is tried soon. O(members × threads) a choice.
 */
export const ewma: BalancerMaker = group => {
  const { peers } = group;
  let nowMs = 0;
  const faded = (index: number) =>
    peers.peakMs[index]! * Math.exp((peers.peakAtMs[index]! - nowMs) / FADE_MS);
  const load = (index: number) => Math.ceil(faded(index) + 1) * (peers.inFlight(index) + 1);
  return {
    pick(ask) {
      nowMs = ask.nowMs;
      return group.size === 0 ? NOBODY : leastLoaded(group, ask, load);
    },
    observe(index, attempt, atMs) {
      if (attempt.headerMs < 0) return;
      nowMs = atMs;
      const kept = Math.exp((peers.peakAtMs[index]! - atMs) / FADE_MS);
      const average = peers.peakMs[index]!;
      peers.peakMs[index] = Math.max(attempt.headerMs, average * kept + attempt.headerMs * (1 - kept));
      peers.peakAtMs[index] = atMs;
    },
  };
};
