/** Sends a file, or the parts of it that a range request left, at the pace of the client. */
import { closeSync, read, readSync } from 'node:fs';
import type { Exchange } from '../exchange.ts';
import type { BodyPart, BodySource } from '../response.ts';

/** Up to here a file is read at once, while the request is handled; above, in pieces by the thread pool. */
export const WHOLE_BYTES = 65_536;
const PIECE_BYTES = 131_072;

/** Reads `bytes` bytes from the start of a small file. @returns fewer when the file became shorter */
export function readWhole(fd: number, bytes: number): Buffer {
  const data = Buffer.allocUnsafe(bytes);
  let at = 0;
  while (at < bytes) {
    const got = readSync(fd, data, at, bytes - at, at);
    if (got === 0) break;
    at += got;
  }
  return at === bytes ? data : data.subarray(0, at);
}

/**
 * Owns the descriptor: it is closed when the body is out, the client went away, or reading failed.
 * At most one piece is being read, and none while the client is behind.
 */
export class FileBody implements BodySource {
  readonly #exchange: Exchange;
  readonly #fd: number;
  readonly #parts: readonly BodyPart[];
  #part = 0;
  #at = -1;
  #paused = false;
  #reading = false;
  #over = false;

  constructor(exchange: Exchange, fd: number, parts: readonly BodyPart[]) {
    this.#exchange = exchange;
    this.#fd = fd;
    this.#parts = parts;
  }

  start(): void {
    this.#pump();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#pump();
  }

  cancel(): void {
    this.#end();
  }

  /** Goes on until a read is under way or the client is behind. */
  #pump(): void {
    while (!this.#paused && !this.#reading && !this.#over) {
      const part = this.#parts[this.#part];
      if (part === undefined) {
        this.#end();
        return this.#exchange.end();
      }
      if (typeof part === 'string') {
        this.#part++;
        this.#write(Buffer.from(part, 'latin1'));
      } else this.#read(part);
    }
  }

  #read({ start, end }: { readonly start: number; readonly end: number }): void {
    if (this.#at === -1) this.#at = start;
    if (this.#at >= end) {
      this.#at = -1;
      this.#part++;
      return;
    }
    this.#reading = true;
    const bytes = Math.min(PIECE_BYTES, end - this.#at);
    read(this.#fd, Buffer.allocUnsafeSlow(bytes), 0, bytes, this.#at, this.#took);
  }

  readonly #took = (error: Error | null, bytes: number, data: Buffer): void => {
    this.#reading = false;
    if (this.#over) return closeSync(this.#fd);
    if (error || bytes === 0) return this.#fail(error);
    this.#at += bytes;
    this.#write(bytes === data.length ? data : data.subarray(0, bytes));
    this.#pump();
  };

  #write(data: Buffer): void {
    if (!this.#exchange.write(data)) this.#paused = true;
  }

  /** Fewer bytes than promised can not pass as the whole: the connection is cut. */
  #fail(error: Error | null): void {
    const reason = error ? error.message : 'the file became shorter while it was sent';
    this.#exchange.log('crit', `${reason} while sending response to client`);
    this.#exchange.abort(500);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    if (!this.#reading) closeSync(this.#fd);
  }
}
