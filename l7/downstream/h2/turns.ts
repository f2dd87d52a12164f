/** Streams of a connection that have something to send: whose turn it is (RFC 9218 §10). */
import type { H2Stream } from './stream.ts';

/**
 * The most urgent goes first; of equals those that are of use only as a whole, one after the other, and then those that
 * are of use in pieces, in turn. Taking one costs O(streams that wait).
 */
export class Turns {
  #waiting: H2Stream[] = [];

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Puts a stream behind those that wait. */
  add(stream: H2Stream): void {
    this.#waiting.push(stream);
  }

  /** Takes the one whose turn it is. There must be one. */
  take(): H2Stream {
    const waiting = this.#waiting;
    let best = 0;
    for (let at = 1; at < waiting.length; at++) if (goesBefore(waiting[at]!, waiting[best]!)) best = at;
    const stream = waiting[best]!;
    if (best === 0) waiting.shift();
    else waiting.splice(best, 1);
    return stream;
  }

  clear(): void {
    this.#waiting = [];
  }
}

function goesBefore(one: H2Stream, other: H2Stream): boolean {
  if (one.priority !== other.priority) return one.priority < other.priority;
  const inPieces = (one.priority & 1) === 1;
  return !inPieces && one.streamId < other.streamId;
}
