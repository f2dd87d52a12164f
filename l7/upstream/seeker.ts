/** What a proxied request and its pool know of each other. */
import type { Exchange } from '../exchange.ts';
import type { Member } from './member.ts';

/** What pick() says when the seeker has to wait: `chosen()` follows, unless it leaves. */
export const WAITING = Symbol('waiting');

/** Who asks a pool for a member. */
export interface MemberSeeker {
  readonly exchange: Exchange;
  /** Members that failed this request already. */
  readonly tried: ReadonlySet<Member> | undefined;
  /** The pool's own note: since when the try counts as waiting for an answer, in ms; 0: it does not. Starts as 0. */
  waitingSinceMs: number;
  /** Written by the pool: how long the seeker stood in its queue for this try; -1: not at all. */
  queuedMs: number;
  /** The answer after WAITING; undefined: the wait was in vain. */
  chosen(member: Member | undefined): void;
}

/**
 * What became of a try. `failed` counts against the member (nginx's unsuccessful attempt: by default no connection, a
 * timeout, no valid answer); `declined` does not, though the request goes on to another member; `cancelled` says nothing about it: the client went away, or moat gave up for reasons of its own.
 */
export type Outcome = 'ok' | 'failed' | 'declined' | 'cancelled';
