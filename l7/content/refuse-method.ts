/** Refuses methods where there is something to read only. */
import type { Exchange } from '../exchange.ts';

/** @returns 405; the answer will say what is allowed */
export function refuseMethod(exchange: Exchange): 405 {
  exchange.allowed = 'GET, HEAD';
  return 405;
}
