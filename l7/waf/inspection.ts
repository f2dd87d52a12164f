/** What the WAF knows of one request: its transaction, and what became of it. */
import type { Decision, MatchedRule, Transaction } from '#waf';
import type { Exchange } from '../exchange.ts';
import type { Verdict } from '../phase/verdict.ts';
import type { Response } from '../response.ts';
import type { AnswerGate } from './answer-gate.ts';

/** `detect`: rules matched, and it was let through. */
export type WafAction = 'pass' | 'detect' | 'block';

/** Where rule sets keep the sum of a request: the OWASP rules 4, 3, and moat's own. */
const SCORES = ['blocking_inbound_anomaly_score', 'anomaly_score', 'inbound_anomaly_score'];
/** Ids in a variable or log line; a request that matches more rules has made its point. */
const MOST_IDS = 32;

/** @returns NEXT, a status that refuses the answer, or a gate that its body has to pass first */
export type AnswerWatch = (
  exchange: Exchange,
  response: Response,
  inspection: Inspection,
) => Verdict | AnswerGate;

/** What an operator looks a refused request up by; undefined for one that was not refused. */
export const referenceOf = ({ inspection, finding, requestId }: Exchange): string | undefined =>
  inspection?.decision || finding?.action === 'block' ? requestId : undefined;

export class Inspection {
  /** What an operator looks the request up by: `$request_id`. */
  readonly id: string;
  readonly transaction: Transaction;
  /** Why it was refused. */
  decision: Decision | undefined;
  /** Time that rules took of this thread. */
  tookMs = 0;
  /** Looks at the answer; undefined where answers are not looked at. */
  readonly #watch: AnswerWatch | undefined;
  #isAnswered = false;

  constructor(id: string, transaction: Transaction, watch: AnswerWatch | undefined) {
    this.id = id;
    this.transaction = transaction;
    this.#watch = watch;
  }

  /** Phases 3 and 4, for the first answer only: what comes in the place of a refused one is moat's own. */
  inspectAnswer(exchange: Exchange, response: Response): Verdict | AnswerGate | undefined {
    if (!this.#watch || this.#isAnswered || this.decision || exchange.main !== exchange) return undefined;
    this.#isAnswered = true;
    return this.#watch(exchange, response, this);
  }

  get action(): WafAction {
    if (this.decision) return 'block';
    return this.transaction.intended ? 'detect' : 'pass';
  }

  /** The anomaly score, as the rules counted it; '0' where they count none. */
  get score(): string {
    const { tx } = this.transaction;
    for (const name of SCORES) {
      const value = tx.get(name);
      if (value !== undefined) return value;
    }
    return '0';
  }

  /** Whether there is anything to tell an operator. */
  get hasFindings(): boolean {
    return this.decision !== undefined || this.matchedRules.length > 0;
  }

  /** Those that are logged: of silent ones nothing is kept. */
  get matchedRules(): readonly MatchedRule[] {
    return this.transaction.matchedRules;
  }

  /** Ids of the rules that matched, by commas. */
  get ruleIds(): string {
    const ids = this.matchedRules.map(({ rule }) => rule.id);
    return ids.slice(0, MOST_IDS).join(',');
  }
}
