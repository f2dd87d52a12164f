/** What `allow`, `auth_basic` and `auth_request` say together: all of them by `satisfy all`, one of them by `satisfy any`. */
import type { Exchange } from '../exchange.ts';
import type { Compiler } from '../tables.ts';
import { NEXT, type Phase, type Verdict, WAIT } from './verdict.ts';

/** A check lets the request in. A check without an opinion says NEXT. */
export const ALLOWED = 1;

/** @returns NEXT, ALLOWED, a status, or WAIT when it calls its `Tell` later */
export type Check = (exchange: Exchange) => Verdict;
/** How a check that waited tells what came out. */
export type Tell = (exchange: Exchange, outcome: Verdict) => void;
export type CheckMaker = (compiler: Compiler, tell: Tell) => Check | undefined;

/** What one check says, as a verdict of its phase. */
type Judge = (exchange: Exchange, outcome: Verdict) => Verdict;

/**
 * Makes a phase of a check. Requests that moat makes itself (auth_request, mirror) are not asked.
 *
 * @param name of the phase, by which `moat explain` tells of it
 */
export function accessPhase(name: string, make: CheckMaker): (compiler: Compiler) => Phase | undefined {
  const maker = makerOf(make);
  return Object.defineProperty(maker, 'name', { value: name });
}

function makerOf(make: CheckMaker): (compiler: Compiler) => Phase | undefined {
  return compiler => {
    const { core, access } = compiler.location.settings;
    const any = core.satisfy === 'any';
    const judge = any ? judgeAny : judgeAll(access.authDelayMs);
    const check = make(compiler, (exchange, outcome) => exchange.resume(judge(exchange, outcome)));
    if (!check) return undefined;
    return exchange => {
      if (exchange.main !== exchange || (any && exchange.accessStatus === ALLOWED)) return NEXT;
      const outcome = check(exchange);
      return outcome === NEXT || outcome === WAIT ? outcome : judge(exchange, outcome);
    };
  };
}

const judgeAll =
  (delayMs: number): Judge =>
  (exchange, outcome) => {
    if (outcome === ALLOWED || outcome === NEXT) return NEXT;
    return outcome === 401 ? refuse(exchange, outcome, delayMs) : outcome;
  };

/** A refusal is only noted: a later check may still let the request in. 401 outweighs 403. */
const judgeAny: Judge = (exchange, outcome) => {
  if (outcome === ALLOWED) {
    exchange.accessStatus = ALLOWED;
    exchange.challenges = [];
  } else if (outcome === 401 || outcome === 403) {
    if (exchange.accessStatus !== 401) exchange.accessStatus = outcome;
  } else if (outcome !== NEXT) return outcome;
  return NEXT;
};

/** Before the first check: what an earlier location said does not count. */
export function accessStartPhase({ location }: Compiler): Phase | undefined {
  if (location.settings.core.satisfy !== 'any') return undefined;
  return exchange => {
    exchange.accessStatus = 0;
    return NEXT;
  };
}

/** After the last check, for `satisfy any`. */
export function accessEndPhase({ location }: Compiler): Phase | undefined {
  const { core, access } = location.settings;
  if (core.satisfy !== 'any') return undefined;
  return exchange => {
    const status = exchange.accessStatus;
    if (status === 0 || status === ALLOWED) return NEXT;
    return status === 401 ? refuse(exchange, status, access.authDelayMs) : status;
  };
}

function refuse(exchange: Exchange, status: number, delayMs: number): Verdict {
  if (delayMs === 0) return status;
  exchange.log('info', 'delaying unauthorized request');
  exchange.delayed = true;
  setTimeout(answerLate, delayMs, exchange, status);
  return WAIT;
}

function answerLate(exchange: Exchange, status: number): void {
  exchange.delayed = false;
  exchange.resume(status);
}
