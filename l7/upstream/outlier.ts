/** Takes members out by the answers that clients' requests get: `outlier_detection`. */
import type { OutlierModel } from '#model/l7/upstream.ts';
import { STATE } from '../zone/peers.ts';
import type { Roster } from './roster.ts';

/** However often a member was ejected, it is out for at most this many times the base time. */
const MOST_TIMES = 10;

/**
 * Takes note of an answer. Needs the pool's lock where it was faulty.
 *
 * @returns for how long the member is ejected from now on; 0: not at all
 */
export function noteAnswer(
  roster: Roster,
  index: number,
  faulty: boolean,
  model: OutlierModel,
  nowMs: number,
): number {
  const { peers } = roster;
  if (!faulty) {
    peers.faulty[index] = 0;
    return 0;
  }
  peers.faulty[index] = peers.faulty[index]! + 1;
  if (peers.faulty[index]! < model.consecutive || !mayEject(roster, index, model)) return 0;
  return eject(roster, index, model, nowMs);
}

/** One may always be out, more only up to the limit; and somebody else must be there to serve. */
function mayEject(roster: Roster, index: number, { mostPercent }: OutlierModel): boolean {
  if (roster.peers.state(index) & STATE.ejected) return false;
  const most = Math.max(1, Math.floor((roster.members.length * mostPercent) / 100));
  return roster.ejected < most && roster.hasOther(index);
}

function eject(roster: Roster, index: number, { baseMs, intervalMs }: OutlierModel, nowMs: number): number {
  const { peers } = roster;
  const sinceMs = nowMs - peers.ejectedUntilMs[index]!;
  const forgiven = intervalMs > 0 ? Math.floor(sinceMs / intervalMs) : 0;
  const times = Math.min(MOST_TIMES, Math.max(0, peers.ejections[index]! - forgiven) + 1);
  peers.ejections[index] = times;
  peers.faulty[index] = 0;
  peers.ejectedUntilMs[index] = nowMs + times * baseMs;
  peers.raise(index, STATE.ejected);
  return times * baseMs;
}
