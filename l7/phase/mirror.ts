/** `mirror`: copies of requests, whose answers nobody waits for. */
import { BodyStore } from '../downstream/body-store.ts';
import type { RequestBody } from '../downstream/request-body.ts';
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
    if (requestBody && body && !body.discarded && !exchange.storedBody) {
      store(exchange, body, targets);
      return WAIT;
    }
    copy(exchange, targets);
    return NEXT;
  };
}

/** The body is kept whole, and content takes it from there. */
function store(exchange: Exchange, body: RequestBody, targets: readonly string[]): void {
  const { core } = exchange.location;
  const limits = {
    memoryBytes: core.clientBodyBufferBytes,
    tempPath: core.clientBodyTempPath,
    named: core.clientBodyInFileOnly,
  };
  const stored = new BodyStore(body, limits, error => {
    if (exchange.closed) return;
    if (error) {
      exchange.log('crit', `cannot buffer the request body: ${error.message}`);
      return exchange.resume(500);
    }
    exchange.storedBody = stored;
    copy(exchange, targets);
    exchange.resume();
  });
  exchange.onEnd(() => stored.close());
  body.stream(stored);
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
