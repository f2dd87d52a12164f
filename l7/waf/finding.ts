/** What parts of moat other than rules refuse: kept beside what rules found, under the same id. */
import type { Exchange } from '../exchange.ts';
import { newRequestId } from '../request-id.ts';
import type { Compiler } from '../tables.ts';
import { eventOfFinding, type Finding } from './event.ts';

export type TellFinding = (exchange: Exchange, finding: Finding) => void;

/** Gives the request its reference, and sees to its event when it is over. */
export function findingTeller({ worker, tables }: Pick<Compiler, 'worker' | 'tables'>): TellFinding {
  const events = tables.model.wafEvents && worker.wafEvents;
  return (exchange, finding) => {
    exchange.requestId ??= newRequestId();
    exchange.finding = finding;
    if (!events?.mayTell(finding.source, exchange.remoteAddress)) return;
    exchange.onEnd(() => {
      // Where rules run as well, one event has both.
      if (exchange.inspection) return;
      if (events.hasRoom) events.add(eventOfFinding(exchange, finding));
      else events.drop();
    });
  };
}
