/** `mirror`: copies of requests, whose answers nobody waits for. */
import { keepBody } from '../downstream/keep-body.ts';
import { subrequest } from '../downstream/subrequest.ts';
import type { Exchange } from '../exchange.ts';
import type { Compiler } from '../tables.ts';
import { NEXT, type Phase, WAIT } from './verdict.ts';

export function mirrorPhase({ location }: Compiler): Phase | undefined {
  const { targets, requestBody } = location.settings.mirror;
  if (targets.length === 0) return undefined;
  return exchange => {
    if (exchange.main !== exchange) return NEXT;
    const { body } = exchange;
    if (!requestBody || !body || body.discarded || exchange.storedBody) {
      copy(exchange, targets);
      return NEXT;
    }
    keepBody(exchange, kept => {
      if (!kept) return exchange.resume(500);
      copy(exchange, targets);
      exchange.resume();
    });
    return WAIT;
  };
}

function copy(exchange: Exchange, targets: readonly string[]): void {
  const { method, args, storedBody } = exchange;
  for (const path of targets) {
    const child = subrequest(exchange, { path, args, method });
    if (storedBody) {
      child.storedBody = storedBody.share();
      child.onEnd(() => storedBody.close());
    }
    // After the client's own request, which may be about to leave in this turn.
    setImmediate(start, child);
  }
}

function start(child: Exchange): void {
  child.start();
}
