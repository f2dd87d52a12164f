/** limit_req: several leaky buckets asked about one request, and accounted together. */
import type { ReqZone } from './req-zone.ts';

/** One limit_req of a location. `burst` and `delay` are in thousandths of a request; `nodelay` is a delay of Infinity. */
export type ReqLimit = { readonly zone: ReqZone; readonly burst: number; readonly delay: number };

/** What account() found; the caller owns one and hands it in again for each request. */
export type ReqOutcome = {
  verdict: 'pass' | 'delay' | 'reject';
  /** How long the request must wait, in ms; 0 unless the verdict is `delay`. */
  delayMs: number;
  /** The limit that refused or that delays longest; -1 when no key was limited at all. */
  zoneIndex: number;
  /** The excess at that limit, in thousandths of a request. */
  excess: number;
  /** A limit that was passed over because its key is over 65535 bytes, to be logged; -1 for none. */
  overlongIndex: number;
};

const KEY_BYTES_MAX = 65_535;

/** An outcome to hand to account(). */
export function reqOutcome(): ReqOutcome {
  return { verdict: 'pass', delayMs: 0, zoneIndex: -1, excess: 0, overlongIndex: -1 };
}

/** Makes a limit of the numbers of the directive, which are whole requests. */
export function reqLimit(zone: ReqZone, burst: number, delay: number): ReqLimit {
  return { zone, burst: burst * 1000, delay: delay * 1000 };
}

/**
 * Decides about one request as nginx does: it is refused when one limit refuses it, and then counted nowhere;
 * otherwise it is counted in every zone, and waits as long as the strictest of them asks. An empty key is not
 * limited, nor is one over 65535 bytes. `dry_run` asks the same and only then lets all pass.
 *
 * @param limits no two of the same zone
 * @param keys latin1, one for each limit
 * @param nowMs whole ms of one clock for all threads
 * @param outcome filled in, and returned; allocates nothing
 */
export function account(
  limits: readonly ReqLimit[],
  keys: readonly string[],
  nowMs: number,
  outcome: ReqOutcome,
): ReqOutcome {
  outcome.verdict = 'pass';
  outcome.delayMs = outcome.excess = 0;
  outcome.zoneIndex = outcome.overlongIndex = -1;
  if (!allAgree(limits, keys, nowMs, outcome)) {
    outcome.verdict = 'reject';
    return outcome;
  }
  for (let i = limits.length - 2; i >= 0; i--) {
    if (!isLimited(keys[i]!)) continue;
    limits[i]!.zone.settle(keys[i]!, nowMs);
    weigh(limits, i, outcome);
  }
  if (outcome.delayMs > 0) outcome.verdict = 'delay';
  return outcome;
}

/** Asks the limits in turn up to the first that refuses. The last one counts at once: nobody is asked after it. */
function allAgree(
  limits: readonly ReqLimit[],
  keys: readonly string[],
  nowMs: number,
  outcome: ReqOutcome,
): boolean {
  const last = limits.length - 1;
  for (let i = 0; i <= last; i++) {
    const key = keys[i]!;
    if (!isLimited(key)) {
      if (key.length > 0) outcome.overlongIndex = i;
      continue;
    }
    const { zone, burst } = limits[i]!;
    const agrees = i === last ? zone.charge(key, burst, nowMs) : zone.check(key, burst, nowMs);
    outcome.zoneIndex = i;
    outcome.excess = zone.excess;
    if (!agrees) return false;
    if (i === last) weigh(limits, i, outcome);
  }
  return true;
}

function isLimited(key: string): boolean {
  return key.length > 0 && key.length <= KEY_BYTES_MAX;
}

/** The longest delay counts. What is under one ms is none. */
function weigh(limits: readonly ReqLimit[], at: number, outcome: ReqOutcome): void {
  const { zone, delay } = limits[at]!;
  if (zone.excess <= delay) return;
  const delayMs = Math.floor(((zone.excess - delay) * 1000) / zone.rate);
  if (delayMs <= outcome.delayMs) return;
  outcome.delayMs = delayMs;
  outcome.excess = zone.excess;
  outcome.zoneIndex = at;
}
