/** challenge: a page before the page, for whose browser has neither worked nor waited yet. */
import { ChallengeGate } from '../challenge/gate.ts';
import type { Compiler, HeaderFilter } from '../tables.ts';
import { NEXT, type Phase } from './verdict.ts';

export function challengePhase(compiler: Compiler): Phase | undefined {
  const { when, inFlight } = compiler.location.settings.challenge;
  if (when === 'off' && inFlight === undefined) return undefined;
  const gate = new ChallengeGate(compiler);
  // Once a request: subrequests and error pages belong to it.
  return exchange =>
    exchange.main !== exchange || exchange.challengeStatus !== undefined || exchange.errorStatus !== 0
      ? NEXT
      : gate.judge(exchange);
}

/** Gives who has worked the cookie that lets him in from now on. */
export function challengeFilter({ location }: Compiler): HeaderFilter | undefined {
  const { when, inFlight } = location.settings.challenge;
  if (when === 'off' && inFlight === undefined) return undefined;
  return ({ cookiesDue }, response) => {
    for (const cookie of cookiesDue) response.headers.append('Set-Cookie', cookie);
    // Nobody between may keep an answer that lets in.
    if (cookiesDue.length > 0) response.headers.set('Cache-Control', 'no-store');
  };
}
