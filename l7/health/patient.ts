/** One member under health checks: its verdicts, and what all threads see of them. */
import type { Log } from '#kit/log.ts';
import type { HealthCheckModel } from '#model/l7/health.ts';
import type { MemberModel } from '#model/l7/upstream.ts';
import { addressText } from '../upstream/member.ts';
import { type Peers, STATE } from '../zone/peers.ts';

export type Verdict = 'unchecked' | 'healthy' | 'unhealthy';

/** How long the main thread waits for the lock of a pool. */
const PATIENCE_MS = 5;

/** The verdict of one check on one member, and how it changes. */
export class Course {
  verdict: Verdict;
  #inRow = 0;

  constructor(verdict: Verdict) {
    this.verdict = verdict;
  }

  /** @returns whether the verdict is another one now */
  note(passed: boolean, { passes, fails }: HealthCheckModel): boolean {
    const next: Verdict = passed ? 'healthy' : 'unhealthy';
    if (this.verdict === next) {
      this.#inRow = 0;
      return false;
    }
    this.#inRow = this.#inRow > 0 === passed ? this.#inRow + (passed ? 1 : -1) : passed ? 1 : -1;
    // The first check of all decides at once.
    if (this.verdict !== 'unchecked' && Math.abs(this.#inRow) < (passed ? passes : fails)) return false;
    this.verdict = next;
    this.#inRow = 0;
    return true;
  }
}

/** Where a member's state stands. */
export interface Bed {
  readonly poolName: string;
  readonly member: MemberModel;
  readonly peers: Peers;
  readonly index: number;
}

/** Brings the state that threads see to what the verdicts say. A single check that fails is enough to be unhealthy. */
export function showState(
  { poolName, member, peers, index }: Bed,
  courses: readonly Course[],
  reason: string | undefined,
  log: Log,
  nowMs: number,
): void {
  const unhealthy = courses.some(({ verdict }) => verdict === 'unhealthy');
  const unchecked = !unhealthy && courses.some(({ verdict }) => verdict === 'unchecked');
  const who = `${addressText(member)} of upstream "${poolName}"`;
  if (!unhealthy && !unchecked && peers.state(index) & (STATE.unhealthy | STATE.unchecked)) {
    comeBack(peers, index, member, nowMs);
    log.notice(`health check: ${who} is healthy`);
  }
  if (unhealthy && !(peers.state(index) & STATE.unhealthy))
    log.warn(`health check: ${who} is unhealthy: ${reason}`);
  if (unhealthy) peers.raise(index, STATE.unhealthy);
  else peers.clear(index, STATE.unhealthy);
  if (unchecked) peers.raise(index, STATE.unchecked);
  else peers.clear(index, STATE.unchecked);
}

/** What failed before is over; a slow start begins. */
function comeBack(peers: Peers, index: number, { slowStartMs }: MemberModel, nowMs: number): void {
  if (!peers.lock.tryAcquire(PATIENCE_MS)) return; // its holder died: the registry will mend it, and nothing here must wait
  peers.fails[index] = 0;
  if (slowStartMs > 0) peers.slowStartMs[index] = nowMs;
  peers.lock.release();
}
