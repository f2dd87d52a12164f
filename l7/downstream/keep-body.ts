/** Reads the body of a request to its end before anything else happens to it. */
import type { Exchange } from '../exchange.ts';
import { BodyStore } from './body-store.ts';

/**
 * Keeps the body, in memory and above `client_body_buffer_size` in a file, until the request is over: it is
 * `exchange.storedBody` from then on. The exchange must have a body that nobody took yet.
 *
 * @param then told once, with false when it could not be kept; not at all when the client goes away meanwhile
 */
export function keepBody(exchange: Exchange, then: (kept: boolean) => void): void {
  const { core } = exchange.location;
  const limits = {
    memoryBytes: core.clientBodyBufferBytes,
    tempPath: core.clientBodyTempPath,
    named: core.clientBodyInFileOnly,
  };
  const body = exchange.body!;
  const store = new BodyStore(body, limits, error => {
    if (exchange.closed) return;
    if (error) exchange.log('crit', `cannot buffer the request body: ${error.message}`);
    else exchange.storedBody = store;
    then(!error);
  });
  exchange.onEnd(() => store.close());
  body.stream(store);
}
