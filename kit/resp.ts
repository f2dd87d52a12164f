/**
 * RESP2, what Redis and Valkey speak: commands as arrays of strings, replies cut out of a stream of bytes.
 *
 * @see https://redis.io/docs/latest/develop/reference/protocol-spec/
 */

/** An error that Redis answers with: `code` is its first word. */
export class RedisError extends Error {
  get code(): string {
    return /^[A-Z]+/.exec(this.message)?.[0] ?? 'ERR';
  }
}

/** What came is no RESP, or more than anybody asked for. */
export class RespFault extends Error {}

/** A simple string is a string; a bulk string is bytes, good until the handler returns. */
export type Reply = string | number | Buffer | null | RedisError | readonly Reply[];

/** A word of a command; texts are latin1. */
export type Word = string | number | Uint8Array;

const LINE_MOST = 64 * 1024;
const BULK_MOST = 32 * 1024 * 1024;
const ITEMS_MOST = 1024 * 1024;
const DEPTH_MOST = 8;
/** Of one reply, all that is in it. */
export const REPLY_BYTES_MOST = 64 * 1024 * 1024;

const CRLF = Buffer.from('\r\n');
const SIGN = { simple: 43, error: 45, integer: 58, bulk: 36, array: 42 } as const;

export function encodeCommand(words: readonly Word[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = word instanceof Uint8Array ? word : Buffer.from(`${word}`, 'latin1');
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, CRLF);
  }
  return Buffer.concat(parts);
}

interface Open {
  readonly items: Reply[];
  left: number;
}

/** Keeps one unfinished line or bulk string, and the arrays that it stands in. */
export class RespReader {
  readonly #take: (reply: Reply) => void;
  #rest: Buffer = Buffer.alloc(0);
  #open: Open[] = [];
  #bytes = 0;

  constructor(take: (reply: Reply) => void) {
    this.#take = take;
  }

  /** @throws {RespFault} */
  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (let next = this.#read(bytes, at); next > at; next = this.#read(bytes, at)) at = next;
    if (this.#bytes > REPLY_BYTES_MOST) throw new RespFault(`a reply of more than ${REPLY_BYTES_MOST} bytes`);
    this.#rest = Buffer.from(bytes.subarray(at)); // a copy: what is left must not hold the chunk
  }

  /** @returns where the next one begins; `at` when this one is not whole yet */
  #read(bytes: Buffer, at: number): number {
    if (at >= bytes.length) return at;
    const end = bytes.indexOf(CRLF, at);
    if (end === -1 || end - at > LINE_MOST) {
      if (bytes.length - at > LINE_MOST) throw new RespFault('a line without an end');
      return at;
    }
    const sign = bytes[at]!;
    const line = bytes.latin1Slice(at + 1, end);
    const next = end + CRLF.length;
    switch (sign) {
      case SIGN.simple:
        return this.#give(line, next);
      case SIGN.error:
        return this.#give(new RedisError(line), next);
      case SIGN.integer:
        return this.#give(numberOf(line), next);
      case SIGN.array:
        return this.#begin(numberOf(line), next);
      case SIGN.bulk:
        return this.#bulk(bytes, numberOf(line), next, at);
      default:
        throw new RespFault(`a reply of kind ${sign}`);
    }
  }

  #begin(count: number, next: number): number {
    if (count === -1) return this.#give(null, next);
    if (count === 0) return this.#give([], next);
    if (count < 0 || count > ITEMS_MOST || this.#open.length === DEPTH_MOST)
      throw new RespFault(`an array of ${count} at depth ${this.#open.length}`);
    this.#open.push({ items: [], left: count });
    return next;
  }

  #bulk(bytes: Buffer, length: number, start: number, at: number): number {
    if (length === -1) return this.#give(null, start);
    if (length < 0 || length > BULK_MOST) throw new RespFault(`a string of ${length} bytes`);
    const end = start + length;
    if (bytes.length < end + CRLF.length) return at;
    if (bytes[end] !== 13 || bytes[end + 1] !== 10) throw new RespFault('a string that does not end');
    return this.#give(bytes.subarray(start, end), end + CRLF.length);
  }

  /** Puts a value where it belongs: into the innermost array, which may be whole by it. */
  #give(value: Reply, next: number): number {
    let whole: Reply = value;
    for (let top = this.#open.at(-1); top; top = this.#open.at(-1)) {
      top.items.push(typeof whole === 'object' && whole instanceof Buffer ? Buffer.from(whole) : whole);
      if (--top.left > 0) return next;
      whole = top.items;
      this.#open.pop();
    }
    this.#bytes = 0;
    this.#take(whole);
    return next;
  }
}

/** @throws {RespFault} */
function numberOf(line: string): number {
  const value = /^-?\d{1,16}$/.test(line) ? Number(line) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new RespFault(`a number like "${line.slice(0, 20)}"`);
  return value;
}

/** @returns undefined for what is no string */
export const textOf = (reply: Reply | undefined): string | undefined =>
  typeof reply === 'string' ? reply : reply instanceof Buffer ? reply.toString('latin1') : undefined;

/** @returns an empty one for what is no array */
export const listOf = (reply: Reply | undefined): readonly Reply[] =>
  Array.isArray(reply) ? (reply as readonly Reply[]) : [];
