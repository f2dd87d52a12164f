/** A request body kept whole: in memory up to a limit, above it in a temporary file that has no name. */
import { TempFile } from '../temp-file.ts';
import type { BodyTaker } from '../wire/h1/body.ts';
import type { RequestBody } from './request-body.ts';

export interface StoreLimits {
  readonly memoryBytes: number;
  /** The folder of temporary files. */
  readonly tempPath: string;
  /** `client_body_in_file_only`: every body goes to a file with a name, which stays (`on`) or goes with the request. */
  readonly named: 'off' | 'on' | 'clean';
}

const READ_BYTES = 65_536;

export class BodyStore implements BodyTaker {
  bytes = 0;
  readonly #body: RequestBody;
  readonly #limits: StoreLimits;
  readonly #then: (error: Error | undefined) => void;
  #chunks: Buffer[] = [];
  #held = 0;
  /** What is copied on its way to the file, again and again: fresh memory for each piece is not collected as fast as it comes. */
  #passage: Buffer | undefined;
  #file: TempFile | undefined;
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
    return this.#file ? undefined : this.#chunks;
  }

  /** Where the file is, if it has a name. */
  get path(): string | undefined {
    return this.#file?.path;
  }

  bodyData(data: Buffer): void {
    this.bytes += data.length;
    this.#chunks.push(this.#copyOf(data));
    this.#held += data.length;
    if (this.#held > this.#limits.memoryBytes || this.#limits.named !== 'off') this.#spill();
  }

  #copyOf(data: Buffer): Buffer {
    const isFree = this.#file && !this.#writing && this.#held === 0;
    if (!isFree || data.length > READ_BYTES) return Buffer.from(data);
    this.#passage ??= Buffer.allocUnsafeSlow(READ_BYTES);
    this.#passage.set(data);
    return this.#passage.subarray(0, data.length);
  }

  bodyEnd(): void {
    this.#ended = true;
    if (this.#file && this.#held > 0) this.#spill();
    else if (!this.#writing) this.#then(undefined);
  }

  #spill(): void {
    if (this.#writing || this.#closed) return;
    try {
      this.#file ??= new TempFile(this.#limits.tempPath, this.#limits.named);
    } catch (error) {
      return this.#then(error as Error);
    }
    this.#writing = true;
    this.#body.pause();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#held = 0;
    this.#file.append(chunks, this.#written);
  }

  readonly #written = (error: Error | null): void => {
    if (error) return this.#then(error);
    this.#writing = false;
    if (!this.#ended) this.#body.resume();
    else if (this.#held > 0) this.#spill();
    else this.#then(undefined);
  };

  /**
   * Reads the body from its start: for each try at an upstream anew.
   *
   * @param lost the file can not be read any more: no bodyEnd() follows
   */
  reader(taker: BodyTaker, lost: (error: Error) => void): StoreReader {
    return new StoreReader(this.#chunks, this.#file, taker, lost);
  }

  /** Somebody else reads it too: it is there until each of them has closed it. */
  share(): this {
    this.#holders++;
    return this;
  }

  close(): void {
    if (--this.#holders > 0 || this.#closed) return;
    this.#closed = true;
    this.#file?.close();
    this.#chunks = [];
  }
}

/** Hands a stored body on, as fast as its taker asks. */
export class StoreReader {
  readonly #chunks: readonly Buffer[];
  readonly #file: TempFile | undefined;
  readonly #taker: BodyTaker;
  readonly #lost: (error: Error) => void;
  #buffer: Buffer | undefined;
  #at = 0;
  #paused = false;
  #reading = false;
  #stopped = false;

  constructor(
    chunks: readonly Buffer[],
    file: TempFile | undefined,
    taker: BodyTaker,
    lost: (error: Error) => void,
  ) {
    this.#chunks = chunks;
    this.#file = file;
    this.#taker = taker;
    this.#lost = lost;
  }

  start(): void {
    if (this.#file) return this.#next(this.#file);
    for (const chunk of this.#chunks) this.#taker.bodyData(chunk);
    this.#taker.bodyEnd();
  }

  #next(file: TempFile): void {
    if (this.#reading || this.#paused || this.#stopped) return;
    if (this.#at >= file.bytes) return this.#taker.bodyEnd();
    this.#reading = true;
    this.#buffer ??= Buffer.allocUnsafeSlow(READ_BYTES);
    file.read(this.#at, this.#buffer, (error, bytes) => {
      this.#reading = false;
      if (this.#stopped) return;
      if (error || bytes === 0) return this.#lost(error ?? new Error('it is shorter than what was written'));
      this.#at += bytes;
      this.#taker.bodyData(this.#buffer!.subarray(0, bytes));
      this.#next(file);
    });
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (this.#file) this.#next(this.#file);
  }

  stop(): void {
    this.#stopped = true;
  }
}
