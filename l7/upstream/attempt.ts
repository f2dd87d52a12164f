/** What the log says of each try: an entry is added when a member is chosen, and filled in while the try goes on. */
import type { Exchange } from '../exchange.ts';
import type { Attempt } from '../variable/upstream.ts';

/**
 * Adds a try to those of a request.
 *
 * @param member its address, or the name of the pool where no member could be chosen
 * @param opens it is the first in this pool
 * @param queueMs that it waited before it; -1: it did not
 */
export function addAttempt(
  exchange: Exchange,
  member: string,
  serverName: string,
  opens: boolean,
  queueMs: number,
): Attempt {
  const attempt: Attempt = {
    member,
    serverName,
    opens,
    status: 0,
    connectMs: -1,
    headerMs: -1,
    queueMs,
    responseMs: -1,
    sending: false,
    bytesSent: 0,
    bytesReceived: 0,
    bodyBytes: 0,
  };
  exchange.attempts = exchange.attempts.length === 0 ? [attempt] : [...exchange.attempts, attempt];
  return attempt;
}
