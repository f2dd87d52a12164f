/** What limits said, counted for each zone. */
import type { LimitZone } from '#model/l7/limit.ts';
import { Counters } from '../zone/counters.ts';
import type { ZoneShelf } from '../zone/shelf.ts';
import type { CountersWish } from '../zone/wish.ts';

/** The values of $limit_req_status, $limit_conn_status and $limit_ban_status. */
const VERDICTS = [
  'PASSED',
  'DELAYED',
  'REJECTED',
  'DELAYED_DRY_RUN',
  'REJECTED_DRY_RUN',
  'BANNED',
  'BANNED_DRY_RUN',
] as const;

const nameOf = ({ kind, name }: LimitZone): string => `verdicts ${kind} ${name}`;

/** The same for every zone: counts stay when the rate of a zone changes. */
export const verdictsWish = (zone: LimitZone): CountersWish => ({
  kind: 'counters',
  name: nameOf(zone),
  metrics: VERDICTS,
});

/** The view of the thread whose slot it is. @throws {RangeError} when the zones lack the memory */
export const openVerdicts = (zones: ZoneShelf, zone: LimitZone, slot: number): Verdicts =>
  new Verdicts(new Counters(zones.counters(nameOf(zone)), slot));

export class Verdicts {
  readonly #counters: Counters;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  /** Counts one of VERDICTS. */
  add(verdict: string): void {
    this.#counters.add(this.#counters.index(verdict), 1);
  }

  /** Of all threads, with the verdicts in lower case. */
  counts(): (readonly [verdict: string, count: number])[] {
    return VERDICTS.map(verdict => [
      verdict.toLowerCase(),
      this.#counters.sum(this.#counters.index(verdict)),
    ]);
  }
}
