/** What `moat status` is told of all connections and requests, read from shared memory. */
import type { HistogramSum } from '#kit/exposition.ts';
import { type ConnectionStates, DURATION_BOUNDS, type Traffic } from './traffic.ts';

/** Since the process began: what workers counted that have ended stays counted. */
export interface TrafficReport {
  readonly accepted: number;
  readonly requests: number;
  readonly connections: ConnectionStates;
  /** By the first digit of the status that the access log tells; at 0 those that got no answer. */
  readonly answers: readonly number[];
  /** Requests that broke the rules of HTTP. */
  readonly malformed: number;
  readonly failedHandshakes: number;
  /** What the WAF made of requests: pass, detect, block. */
  readonly inspected: readonly number[];
  /** From the head of a request to the end of its answer: seconds. */
  readonly durations: HistogramSum;
  readonly durationBounds: readonly number[];
}

/** Statuses of three digits, by the first. */
const CLASSES = 10;

export function reportOf(traffic: Traffic): TrafficReport {
  const answers = new Array<number>(CLASSES).fill(0);
  for (const { status, count } of traffic.answers()) answers[Math.floor(status / 100)]! += count;
  return {
    accepted: traffic.acceptedCount,
    requests: traffic.requestCount,
    connections: traffic.states(),
    answers,
    malformed: traffic.malformedCounts().reduce((sum, count) => sum + count, 0),
    failedHandshakes: traffic.failedHandshakeCount,
    inspected: traffic.inspectedCounts(),
    durations: traffic.durations(),
    durationBounds: DURATION_BOUNDS,
  };
}
