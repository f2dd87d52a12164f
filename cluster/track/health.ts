/** How the other planes and the machine are, as control tells. */
import type { TrackQuestion } from '#model/cluster/track.ts';
import type { TrackStatus } from './tracker.ts';

type L4Question = Extract<TrackQuestion, { type: 'l4' }>;

/** Since the sample before. */
export interface NodeSample {
  /** Of all cores, 0..1; undefined: not known yet. */
  readonly cpu: number | undefined;
  /** In use and not to be had back, 0..1. */
  readonly memory: number;
  /** Until the slowest worker answered. */
  readonly lagMs: number;
  readonly answers: number;
  /** Of those, 5xx. */
  readonly errors: number;
}

export interface PlaneHealth {
  /** Virtual servers by name, with how many real servers are up, and whether that is enough; undefined: the L4 tier tells nothing. */
  readonly l4:
    | readonly { readonly name: string; readonly up: number; readonly quorum: boolean }[]
    | undefined;
  readonly l7: TrackStatus;
  readonly node: NodeSample;
  /** Whether the L4 tier knows the flows of the other director, or has waited long enough; undefined: it tells nothing. */
  readonly flows?: { readonly isReady: boolean; readonly says: string } | undefined;
}

/** @param service undefined: each virtual server must have a real server that is up, or its quorum */
export function l4Status(
  { l4 }: Pick<PlaneHealth, 'l4'>,
  { service, quorum }: Omit<L4Question, 'type'>,
): TrackStatus {
  if (!l4) return { ok: false, says: 'the L4 tier does not answer' };
  const meant = l4.filter(({ name }) => service === undefined || name === service);
  if (meant.length === 0) return { ok: false, says: 'there is no such virtual server' };
  const down = meant.find(({ up }) => up === 0);
  if (down) return { ok: false, says: `no real server of ${down.name} is up` };
  const weak = quorum && meant.find(one => !one.quorum);
  if (weak) return { ok: false, says: `${weak.name} has no quorum: ${weak.up} real servers are up` };
  return { ok: true, says: 'real servers are up' };
}
