/** When an address did not answer: what the probe is told to do, and what it tells. Times are ms of CLOCK_MONOTONIC. */
import { longestOf, type Span } from './span.ts';

export interface ProbeOrder {
  readonly addresses: readonly string[];
  readonly everyMs: number;
}

/** From the last packet that was answered to the first one that was again; of one that goes on, until now. */
export interface Silence extends Span {
  /** Packets that nobody answered. */
  readonly lost: number;
}

export interface ProbeReport {
  readonly atMs: number;
  readonly sent: number;
  /** The last ones, those that go on included. */
  readonly silences: readonly Silence[];
  /** Who does not answer now. */
  readonly silent: readonly string[];
}

export const NO_PROBE: ProbeReport = { atMs: 0, sent: 0, silences: [], silent: [] };

/** The longest one that ended after a moment; undefined: every packet was answered. */
export function longestSince({ silences }: ProbeReport, sinceMs: number): Silence | undefined {
  return longestOf(silences.filter(({ untilMs }) => untilMs > sinceMs));
}
