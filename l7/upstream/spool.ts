/**
 * What a server sent and its client did not take yet (proxy_buffering): in memory first, above a limit in a temporary
 * file, and above the limit of that the server waits. It is made when a client first falls behind: one that keeps up
 * costs nothing here.
 *
 *     server ──▶ [ memory ──▶ file ──▶ ] ──▶ client      older bytes are to the right
 */
import { TempFile } from '../temp-file.ts';
import { giveSlab, SLAB_BYTES, type Slab, takeSlab } from './slab.ts';

export interface SpoolLimits {
  readonly memoryBytes: number;
  /** Of one file; 0: none. */
  readonly fileBytes: number;
  /** The folder of temporary files. */
  readonly tempPath: string;
}

/** Between whom the spool stands. */
export interface SpoolOwner {
  /** Passes a piece on. @returns false when the client is behind again: drained() is called later */
  spoolOut(data: Buffer): boolean;
  /** The server is to wait, or may go on. */
  spoolFull(full: boolean): void;
  /** All that finish() was called after has passed. */
  spoolDone(): void;
  /** Reading back failed: the answer can not be finished. */
  spoolLost(error: Error): void;
  /** Writing failed: from now on memory alone is used. */
  spoolRefused(error: Error): void;
}

export class Spool {
  readonly #owner: SpoolOwner;
  readonly #limits: SpoolLimits;
  #held: Slab[] = [];
  #heldBytes = 0;
  #file: TempFile | undefined;
  /** The file is full, or the disk refused. */
  #fileOver: boolean;
  /** Up to here the file has passed on. */
  #at = 0;
  #writing = false;
  #reading = false;
  #full = false;
  /** The client takes no more for now. */
  #behind = false;
  #finished = false;
  #over = false;

  constructor(owner: SpoolOwner, limits: SpoolLimits) {
    this.#owner = owner;
    this.#limits = limits;
    this.#fileOver = limits.fileBytes === 0;
  }

  /** True when nothing waits here and the client takes more: then pieces may pass by it. */
  get open(): boolean {
    return !this.#behind && this.#empty;
  }

  get #empty(): boolean {
    return this.#heldBytes === 0 && !this.#writing && this.#unread === 0;
  }

  get #unread(): number {
    return this.#file ? this.#file.bytes - this.#at : 0;
  }

  /** The client fell behind while nothing waited here. */
  wait(): void {
    this.#behind = true;
  }

  /** @param data copied: it may be a view of a buffer that is used again */
  put(data: Buffer): void {
    this.#heldBytes += data.length;
    let last = this.#held.at(-1);
    for (let at = 0; at < data.length; ) {
      if (!last || last.end === SLAB_BYTES) this.#held.push((last = takeSlab()));
      at += last.fill(data, at);
    }
    if (this.#heldBytes <= this.#limits.memoryBytes) return;
    if (!this.#writing && !this.#fileOver) this.#spill();
    // What came while the last write was under way is more than memory is meant to hold.
    if (this.#heldBytes > this.#limits.memoryBytes) this.#setFull(true);
  }

  /** The client took what it was given. */
  drained(): void {
    this.#behind = false;
    this.#settle();
  }

  /** The server's answer ends here. */
  finish(): void {
    this.#finished = true;
    if (this.#empty) this.#done();
    else this.#pump();
  }

  close(): void {
    this.#over = true;
    if (!this.#writing) for (const slab of this.#held) giveSlab(slab);
    this.#held = [];
    this.#file?.close();
  }

  #spill(): void {
    try {
      this.#file ??= new TempFile(this.#limits.tempPath);
    } catch (error) {
      return this.#refuse(error as Error);
    }
    if (this.#unread === 0 && this.#at > 0 && !this.#reading) {
      this.#file.empty();
      this.#at = 0;
    }
    if (this.#file.bytes + this.#heldBytes > this.#limits.fileBytes) return;
    const slabs = this.#held;
    const start = this.#file.bytes;
    this.#writing = true;
    this.#held = [];
    this.#heldBytes = 0;
    this.#file.append(
      slabs.map(slab => slab.used),
      error => {
        this.#writing = false;
        if (error) this.#takeBack(slabs, this.#file!.bytes - start, error);
        else slabs.forEach(giveSlab);
        this.#settle();
      },
    );
  }

  /** The disk is full: what it did not take stays in memory, before what came meanwhile. */
  #takeBack(slabs: readonly Slab[], written: number, error: Error): void {
    let gone = written;
    for (const slab of slabs) {
      const taken = Math.min(gone, slab.end - slab.start);
      slab.start += taken;
      gone -= taken;
      this.#heldBytes += slab.end - slab.start;
    }
    this.#held.unshift(...slabs);
    this.#refuse(error);
  }

  #refuse(error: Error): void {
    this.#fileOver = true;
    this.#owner.spoolRefused(error);
  }

  /** After a write, or when something passed on: there may be more to write, to read, or room again. */
  #settle(): void {
    this.#pump();
    if (this.#over || this.#writing) return;
    if (this.#heldBytes > this.#limits.memoryBytes && !this.#fileOver) this.#spill();
    if (this.#heldBytes <= this.#limits.memoryBytes) this.#setFull(false);
  }

  #setFull(full: boolean): void {
    if (this.#full === full) return;
    this.#full = full;
    this.#owner.spoolFull(full);
  }

  /** Passes on what is oldest, as long as the client takes it. */
  #pump(): void {
    if (this.#behind || this.#reading || this.#over) return;
    if (this.#unread > 0) return this.#read();
    if (this.#writing) return;
    this.#passHeld();
    if (this.#over || this.#behind) return;
    this.#setFull(false);
    if (this.#finished) this.#done();
  }

  #done(): void {
    this.close();
    this.#owner.spoolDone();
  }

  #read(): void {
    const slab = takeSlab();
    this.#reading = true;
    this.#file!.read(this.#at, slab.bytes, (error, bytes) => {
      this.#reading = false;
      if (error || bytes === 0)
        return this.#owner.spoolLost(error ?? new Error('the temporary file became shorter'));
      this.#at += bytes;
      this.#behind = !this.#owner.spoolOut(slab.bytes.subarray(0, bytes));
      giveSlab(slab);
      this.#settle();
    });
  }

  #passHeld(): void {
    while (this.#held.length > 0 && !this.#behind && !this.#over) {
      const slab = this.#held.shift()!;
      this.#heldBytes -= slab.end - slab.start;
      if (slab.end > slab.start) this.#behind = !this.#owner.spoolOut(slab.used);
      giveSlab(slab);
    }
  }
}
