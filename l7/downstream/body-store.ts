/** A request body kept whole: in memory up to a limit, above it in a temporary file that has no name. */

import { randomBytes } from 'node:crypto';
import { close, mkdirSync, openSync, read, unlinkSync, write } from 'node:fs';
import type { BodyTaker } from '../wire/h1/body.ts';
import type { RequestBody } from './request-body.ts';

export interface StoreLimits {
  readonly memoryBytes: number;
  /** The folder of temporary files. */
  readonly tempPath: string;
}

const READ_BYTES = 65_536;

export class BodyStore implements BodyTaker {
  bytes = 0;
  readonly #body: RequestBody;
  readonly #limits: StoreLimits;
  readonly #then: (error: Error | undefined) => void;
  #chunks: Buffer[] = [];
  #held = 0;
  #fd: number | undefined;
  #fileBytes = 0;
  #writing = false;
  #ended = false;
  #closed = false;
  #holders = 1;

  /** @param then told once: the body is complete, or the disk refused */
  constructor(body: RequestBody, limits: StoreLimits, then: (error: Error | undefined) => void) {
    this.#body = body;
    this.#limits = limits;
    this.#then = then;
  }

  /** The body, when all of it is in memory. */
  get inMemory(): readonly Buffer[] | undefined {
    return this.#fd === undefined ? this.#chunks : undefined;
  }

  bodyData(data: Buffer): void {
    this.bytes += data.length;
    this.#chunks.push(Buffer.from(data));
    this.#held += data.length;
    if (this.#held > this.#limits.memoryBytes) this.#spill();
  }

  bodyEnd(): void {
    this.#ended = true;
    if (this.#fd !== undefined && this.#held > 0) this.#spill();
    else if (!this.#writing) this.#then(undefined);
  }

  #spill(): void {
    if (this.#writing || this.#closed) return;
    try {
      this.#fd ??= openUnnamed(this.#limits.tempPath);
    } catch (error) {
      return this.#then(error as Error);
    }
    this.#writing = true;
    this.#body.pause();
    const data = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#held = 0;
    this.#writeAll(this.#fd, data, 0);
  }

  #writeAll(fd: number, data: Buffer, from: number): void {
    write(fd, data, from, data.length - from, this.#fileBytes, (error, written) => {
      if (this.#closed) return close(fd);
      if (error) return this.#then(error);
      this.#fileBytes += written;
      if (from + written < data.length) return this.#writeAll(fd, data, from + written);
      this.#writing = false;
      if (!this.#ended) this.#body.resume();
      else if (this.#held > 0) this.#spill();
      else this.#then(undefined);
    });
  }

  /** Reads the body from its start: for each try at an upstream anew. */
  reader(taker: BodyTaker): StoreReader {
    return new StoreReader(this.#chunks, this.#fd, this.#fileBytes, taker);
  }

  /** Somebody else reads it too: it is there until each of them has closed it. */
  share(): this {
    this.#holders++;
    return this;
  }

  close(): void {
    if (--this.#holders > 0 || this.#closed) return;
    this.#closed = true;
    if (this.#fd !== undefined && !this.#writing) close(this.#fd);
    this.#chunks = [];
  }
}

/** Hands a stored body on, as fast as its taker asks. */
export class StoreReader {
  readonly #chunks: readonly Buffer[];
  readonly #fd: number | undefined;
  readonly #fileBytes: number;
  readonly #taker: BodyTaker;
  #at = 0;
  #paused = false;
  #reading = false;
  #stopped = false;

  constructor(chunks: readonly Buffer[], fd: number | undefined, fileBytes: number, taker: BodyTaker) {
    this.#chunks = chunks;
    this.#fd = fd;
    this.#fileBytes = fileBytes;
    this.#taker = taker;
  }

  start(): void {
    if (this.#fd !== undefined) return this.#next(this.#fd);
    for (const chunk of this.#chunks) this.#taker.bodyData(chunk);
    this.#taker.bodyEnd();
  }

  #next(fd: number): void {
    if (this.#reading || this.#paused || this.#stopped) return;
    if (this.#at >= this.#fileBytes) return this.#taker.bodyEnd();
    this.#reading = true;
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    read(fd, buffer, 0, READ_BYTES, this.#at, (error, bytes) => {
      this.#reading = false;
      if (this.#stopped || error || bytes === 0) return;
      this.#at += bytes;
      this.#taker.bodyData(buffer.subarray(0, bytes));
      this.#next(fd);
    });
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (this.#fd !== undefined) this.#next(this.#fd);
  }

  stop(): void {
    this.#stopped = true;
  }
}

/** A file that vanishes with its descriptor. @throws {Error} with the path in it */
function openUnnamed(folder: string): number {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = `${folder}/${randomBytes(8).toString('hex')}`;
  const fd = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  return fd;
}
