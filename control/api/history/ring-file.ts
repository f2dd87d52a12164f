/**
 * A file of fixed size per series: a ring of seconds for an hour, and one of minutes for 30 days.
 *
 * ```
 * header (4 KiB): magic, version, the last second that was written
 * slot: name (512), 3600 × float32 (seconds), 43200 × 2 × float32 (minutes: mean, most)
 * ```
 *
 * What is not there is +0, which the holes of a sparse file are; a value of 0 is written as -0.
 */
import { closeSync, fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs';

export const SECONDS = 3600;
export const MINUTES = 30 * 24 * 60;
export const MOST_SERIES = 256;
export const MOST_NAME = 500;

const MAGIC = 'moatring';
const VERSION = 1;
const HEADER_BYTES = 4096;
const NAME_BYTES = 512;
const CELL = 4;
const SECONDS_BYTES = SECONDS * CELL;
const MINUTES_BYTES = MINUTES * 2 * CELL;
const SLOT_BYTES = NAME_BYTES + SECONDS_BYTES + MINUTES_BYTES;

export const toCell = (value: number | undefined): number => {
  if (value === undefined || !Number.isFinite(value)) return 0;
  return Math.fround(value) === 0 ? -0 : value;
};

export const fromCell = (cell: number): number | undefined => {
  if (Object.is(cell, 0)) return undefined;
  return cell === 0 ? 0 : cell;
};

const bytesOf = (cells: Float32Array): Uint8Array =>
  new Uint8Array(cells.buffer, cells.byteOffset, cells.byteLength);

export class RingFile {
  readonly #fd: number;

  /** @param fd open for reading and writing; what is not ours in it is thrown away */
  constructor(fd: number) {
    this.#fd = fd;
    const header = Buffer.alloc(HEADER_BYTES);
    const isOurs =
      readSync(fd, header, 0, HEADER_BYTES, 0) === HEADER_BYTES &&
      header.toString('latin1', 0, 8) === MAGIC &&
      header.readUInt32LE(8) === VERSION;
    if (isOurs) return;
    ftruncateSync(fd, 0);
    this.setLastS(0);
  }

  /** Of 1970; 0: nothing was written. */
  get lastS(): number {
    const header = Buffer.alloc(8);
    readSync(this.#fd, header, 0, 8, 16);
    const lastS = header.readDoubleLE(0);
    return Number.isSafeInteger(lastS) && lastS >= 0 ? lastS : 0;
  }

  setLastS(lastS: number): void {
    const header = Buffer.alloc(HEADER_BYTES);
    header.write(MAGIC, 'latin1');
    header.writeUInt32LE(VERSION, 8);
    header.writeDoubleLE(lastS, 16);
    writeSync(this.#fd, header, 0, HEADER_BYTES, 0);
  }

  /** Names by slot, as far as there are any; a slot whose name cannot be is free. */
  names(): (string | undefined)[] {
    const slots = Math.min(MOST_SERIES, Math.ceil((fstatSync(this.#fd).size - HEADER_BYTES) / SLOT_BYTES));
    return Array.from({ length: Math.max(0, slots) }, (_, slot) => {
      const bytes = Buffer.alloc(NAME_BYTES);
      readSync(this.#fd, bytes, 0, NAME_BYTES, at(slot));
      const length = bytes.readUInt16LE(0);
      return length > 0 && length <= MOST_NAME ? bytes.toString('latin1', 2, 2 + length) : undefined;
    });
  }

  /** Gives a slot to another series; it has no values. */
  name(slot: number, name: string): void {
    const bytes = Buffer.alloc(SLOT_BYTES);
    bytes.writeUInt16LE(name.length, 0);
    bytes.write(name, 2, 'latin1');
    const isNew = fstatSync(this.#fd).size <= at(slot);
    writeSync(this.#fd, bytes, 0, isNew ? NAME_BYTES : SLOT_BYTES, at(slot));
  }

  seconds(slot: number): Float32Array<ArrayBuffer> {
    return this.#read(at(slot) + NAME_BYTES, SECONDS);
  }

  /** Pairs of mean and most. */
  minutes(slot: number): Float32Array<ArrayBuffer> {
    return this.#read(at(slot) + NAME_BYTES + SECONDS_BYTES, 2 * MINUTES);
  }

  /** @param from index of the first of `cells`; the ring does not wrap within them */
  writeSeconds(slot: number, from: number, cells: Float32Array): void {
    const bytes = bytesOf(cells);
    writeSync(this.#fd, bytes, 0, bytes.length, at(slot) + NAME_BYTES + from * CELL);
  }

  /** @param from index of the first pair */
  writeMinutes(slot: number, from: number, pairs: Float32Array): void {
    const bytes = bytesOf(pairs);
    writeSync(this.#fd, bytes, 0, bytes.length, at(slot) + NAME_BYTES + SECONDS_BYTES + from * 2 * CELL);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #read(position: number, cells: number): Float32Array<ArrayBuffer> {
    const found = new Float32Array(cells);
    readSync(this.#fd, bytesOf(found), 0, cells * CELL, position);
    return found;
  }
}

const at = (slot: number): number => HEADER_BYTES + slot * SLOT_BYTES;
