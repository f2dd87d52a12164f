/** What a phase says when it has looked at a request. */
import type { Exchange } from '../exchange.ts';

/** Go on with the next phase. */
export const NEXT = 0;
/** The phase works on; it calls `exchange.resume()` later. */
export const WAIT = -1;
/** The request is answered, or being answered. */
export const DONE = -2;

/** NEXT, WAIT, DONE, or a status of 200 and above that ends the request with that answer. */
export type Verdict = number;

export type Phase = (exchange: Exchange) => Verdict;
