/** `waf`: the request is inspected before a server sees a byte of it. */
import type { Compiler } from '../tables.ts';
import { inspectorFor } from '../waf/inspector.ts';
import { NEXT, type Phase } from './verdict.ts';

/** Once a request: what moat makes of it (error pages, subrequests) was not sent by anybody. */
export function wafPhase(compiler: Compiler): Phase | undefined {
  const inspector = inspectorFor(compiler);
  if (!inspector) return undefined;
  return exchange => (exchange.main !== exchange || exchange.inspection ? NEXT : inspector.inspect(exchange));
}
