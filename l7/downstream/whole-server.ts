/** Answers that are about a server as a whole, and not about one of its resources. */
import type { Exchange } from '../exchange.ts';
import { Response } from '../response.ts';

/** What may be asked of one resource or another. */
export const ANY_METHOD = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

/** `OPTIONS *` asks about the server as a whole (RFC 9110 §9.3.7): no location is meant. */
export function answerServer(exchange: Exchange): void {
  const response = new Response(204);
  response.headers.append('Allow', ANY_METHOD);
  exchange.answer(response, undefined);
}
