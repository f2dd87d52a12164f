/** limit_ban: who has done too much of what is counted is refused for a time. */
import { guardOf, type KeyPart } from '../ban/guard.ts';
import type { Compiler, RequestLog } from '../tables.ts';
import { findingTeller } from '../waf/finding.ts';
import { NEXT, type Phase } from './verdict.ts';

export const limitBanPhase = (compiler: Compiler): Phase | undefined => phaseFor(compiler, 'head');

/** Of zones whose key is in the body (a user's name), once the firewall has read it. */
export const limitBanOfBodyPhase = (compiler: Compiler): Phase | undefined => phaseFor(compiler, 'body');

function phaseFor(compiler: Compiler, part: KeyPart): Phase | undefined {
  const guard = guardOf(compiler, part);
  if (!guard) return undefined;
  const tell = findingTeller(compiler);
  const { banStatus, banDryRun } = compiler.location.settings.limit;
  return exchange => {
    // Once a request; error pages and subrequests belong to it.
    if ((part === 'head' && exchange.limitBanStatus !== undefined) || exchange.main !== exchange) return NEXT;
    const zone = guard.refuses(exchange);
    if (zone === undefined) return NEXT;
    // Its ban was told of; each of its requests would fill the disk.
    exchange.log('info', `client is banned${banDryRun ? ', dry run,' : ''} by zone "${zone}"`);
    const action = banDryRun ? 'detect' : 'block';
    tell(exchange, { source: 'ban', action, reason: `the client is banned by zone "${zone}"` });
    return banDryRun ? NEXT : banStatus;
  };
}

/** Counts requests when they are over, before the access log tells of them. */
export function banLog(compiler: Compiler): RequestLog | undefined {
  const guard = guardOf(compiler);
  return (
    guard &&
    (exchange => {
      if (exchange.main !== exchange || exchange.limitBanStatus === 'REJECTED') return;
      if (guard.judge(exchange)) compiler.worker.bansChanged();
    })
  );
}
