/** What the WAF of a configuration makes of a request that nobody sent. */
import type { WafEvent } from '#model/waf-event.ts';
import type { Question, Trial } from '../explain.ts';
import { eventOf } from './event.ts';

/**
 * @returns what would be kept of the request, whether or not a rule matched; undefined where the WAF is off
 * @throws {Error} when nothing listens for it
 */
export function tryRequest(trial: Trial, question: Question): WafEvent | undefined {
  const exchange = trial.ask(question);
  return exchange.inspection && eventOf(exchange, exchange.inspection);
}
