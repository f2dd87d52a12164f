/** Sends a file, or the parts of it that a range request left, at the pace of the client. */
import { closeSync, read, readSync } from 'node:fs';
import { readCached, WOULD_WAIT } from '#native/file.ts';
import type { Exchange } from '../exchange.ts';
import type { BodyPart, BodySource } from '../response.ts';

/** Up to here a file is read at once, while the request is handled. */
export const WHOLE_BYTES = 65_536;

/** Reads `bytes` bytes from the start of a file into `buffer`. @returns fewer when the file became shorter */
export function readWhole(fd: number, bytes: number, buffer: Buffer): Buffer {
  let at = 0;
  while (at < bytes) {
    const got = readSync(fd, buffer, at, bytes - at, at);
    if (got === 0) break;
    at += got;
  }
  return buffer.subarray(0, at);
}

/**
 * Owns the descriptor: it is closed when the body is out, the client went away, or reading failed.
 * What the kernel has in memory is read at once, for what is on the disk a thread waits; nothing while the client is behind.
 */
export class FileBody implements BodySource {
  readonly #exchange: Exchange;
  readonly #fd: number;
  readonly #parts: readonly BodyPart[];
  readonly #buffer: Buffer;
  #part = 0;
  #at = -1;
  #paused = false;
  #reading = false;
  #over = false;

  /** @param buffer is used by others between two pieces */
  constructor(exchange: Exchange, fd: number, parts: readonly BodyPart[], buffer: Buffer) {
    this.#exchange = exchange;
    this.#buffer = buffer;
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
    const bytes = Math.min(this.#buffer.length, end - this.#at);
    const piece = this.#buffer.subarray(0, bytes);
    const got = this.#readCached(piece);
    if (got === undefined) return;
    if (got !== WOULD_WAIT) return this.#take(got, piece);
    this.#reading = true;
    read(this.#fd, Buffer.allocUnsafeSlow(bytes), 0, bytes, this.#at, this.#took);
  }

  #readCached(piece: Buffer): number | undefined {
    try {
      return readCached(this.#fd, piece, this.#at);
    } catch (error) {
      this.#fail((error as Error).message);
      return undefined;
    }
  }

  readonly #took = (error: Error | null, bytes: number, data: Buffer): void => {
    this.#reading = false;
    if (this.#over) return closeSync(this.#fd);
    if (error) return this.#fail(error.message);
    this.#take(bytes, data);
    this.#pump();
  };

  #take(bytes: number, data: Buffer): void {
    if (bytes === 0) return this.#fail('the file became shorter while it was sent');
    this.#at += bytes;
    this.#write(bytes === data.length ? data : data.subarray(0, bytes));
  }

  #write(data: Buffer): void {
    if (!this.#exchange.write(data)) this.#paused = true;
  }

  /** Fewer bytes than promised can not pass as the whole: the connection is cut. */
  #fail(reason: string): void {
    this.#exchange.log('crit', `${reason} while sending response to client`);
    this.#exchange.abort(500);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    if (!this.#reading) closeSync(this.#fd);
  }
}
