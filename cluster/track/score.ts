/** What trackers have found, as a priority and faults. */
import type { TrackModel } from '#model/cluster/track.ts';
import type { TrackFigures } from '../figures.ts';
import type { TrackStatus } from './tracker.ts';

/** As keepalived: this much below the priority is out of the election. */
const FAULT_AT = -254;
const LEAST_PRIORITY = 1;
const MOST_PRIORITY = 254;

export interface Score {
  /** 1..254 */
  readonly priority: number;
  /** Why it takes no part; empty when it does. */
  readonly faults: readonly string[];
  readonly tracks: readonly TrackFigures[];
}

/** @param statusOf undefined: nothing is known yet */
export function scoreOf(
  base: number,
  tracks: readonly TrackModel[],
  statusOf: (track: TrackModel) => TrackStatus | undefined,
): Score {
  const figures: TrackFigures[] = [];
  const faults: string[] = [];
  let sum = base;
  for (const track of tracks) {
    const status = statusOf(track);
    const adds = status ? addedBy(track, status) : 0;
    const isFault = status ? isFaultOf(track, status, adds) : track.weight === undefined;
    const { name, weight } = track;
    figures.push({
      name,
      weight,
      adds: isFault ? 0 : adds,
      ok: status?.ok,
      says: status?.says ?? 'not known yet',
    });
    if (isFault) faults.push(`track ${name}: ${status?.says ?? 'not known yet'}`);
    else sum += adds;
  }
  return { priority: Math.min(MOST_PRIORITY, Math.max(LEAST_PRIORITY, sum)), faults, tracks: figures };
}

function addedBy({ weight }: TrackModel, { ok, value, illness }: TrackStatus): number {
  if (weight === undefined) return 0;
  if (value !== undefined) return value * weight;
  if (illness !== undefined) return Math.round(weight * (weight > 0 ? 1 - illness : illness));
  if (weight > 0) return ok ? weight : 0;
  return ok ? 0 : weight;
}

const isFaultOf = ({ weight }: TrackModel, { ok, value }: TrackStatus, adds: number): boolean =>
  weight === undefined ? !ok : value !== undefined && adds <= FAULT_AT;
