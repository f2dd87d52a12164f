/** Where everything stands in the memory of a keyed zone. */
import { randomBytes } from 'node:crypto';

/**
 * What an entry of a zone holds: a key, `floats` Float64 cells and `ints` Int32 cells.
 * `keyBytesMax` counts the bytes kept in full; longer keys are kept as a 128-bit digest.
 */
export type Shape = { readonly keyBytesMax: number; readonly floats: number; readonly ints: number };

/** Int32 cells of the head. Three cache lines: the lock, what changes under it, what never changes. */
export const HEAD = {
  lock: 0,
  /** The first entry never used yet: memory is touched only as far as the zone has filled. */
  fresh: 16,
  /** Entries given back, chained by `next`. */
  free: 17,
  newest: 18,
  oldest: 19,
  count: 20,
  magic: 32,
  buckets: 33,
  entriesAt: 34,
  end: 35,
  stride: 36,
  keyBytesMax: 37,
  floats: 38,
  ints: 39,
  secret0: 40,
  secret1: 41,
  bucketsAt: 48,
} as const;

/** Float64 cells of the head: entries in use that had to make room, and entries whose time was over. */
export const HEAD_FLOAT = { evicted: 12, expired: 13 } as const;

/** Int32 cells of an entry; its values follow (floats, then ints), then the words of its key. */
export const ENTRY = {
  hash: 0,
  /** The key's mark; 0 says that the entry is not in use. Written last, erased first. */
  mark: 1,
  /** The next entry of the same bucket. */
  next: 2,
  older: 3,
  newer: 4,
  /** Grows each time the entry is removed, so that a handle can be told to be stale. */
  generation: 5,
  /** A Float64 cell: when the entry was last touched, in ms. */
  touched: 6,
  values: 8,
} as const;

const MAGIC = 0x6d7a6e65;

const roundUp = (n: number, step: number) => Math.ceil(n / step) * step;

/** Int32 cells of one entry: even, so that its floats lie on 8 bytes. */
function strideOf(shape: Shape): number {
  return roundUp(ENTRY.values + 2 * shape.floats + shape.ints + keyBytes(shape) / 4, 2);
}

/** A digest must fit, so no zone keeps fewer than 16 bytes of a key. */
function keyBytes(shape: Shape): number {
  return roundUp(Math.max(shape.keyBytesMax, 16), 4);
}

/** How many buckets suit `bytes`: a power of two, so that a bucket holds one entry or fewer on average. */
function bucketsFor(cells: number, stride: number): number {
  const entries = Math.floor((cells - HEAD.bucketsAt) / (stride + 1));
  return entries < 1 ? 0 : 2 ** Math.ceil(Math.log2(entries));
}

/**
 * Makes the memory of an empty zone. It never grows: `sizeBytes` is all it takes.
 *
 * @param sizeBytes rounded down to 64; up to 8 GiB
 * @throws {RangeError} when not even one entry fits
 */
export function createZone(sizeBytes: number, shape: Shape): SharedArrayBuffer {
  const bytes = Math.floor(sizeBytes / 64) * 64;
  const stride = strideOf(shape);
  const buckets = bucketsFor(bytes / 4, stride);
  const entriesAt = roundUp(HEAD.bucketsAt + buckets, 16);
  const capacity = Math.floor((bytes / 4 - entriesAt) / stride);
  if (buckets === 0 || capacity < 1)
    throw new RangeError(`A zone of ${sizeBytes} bytes has no room for an entry`);
  const sab = new SharedArrayBuffer(bytes);
  const head = new Int32Array(sab, 0, HEAD.bucketsAt);
  head[HEAD.magic] = MAGIC;
  head[HEAD.buckets] = buckets;
  head[HEAD.entriesAt] = head[HEAD.fresh] = entriesAt;
  head[HEAD.end] = entriesAt + capacity * stride;
  head[HEAD.stride] = stride;
  head[HEAD.keyBytesMax] = keyBytes(shape);
  head[HEAD.floats] = shape.floats;
  head[HEAD.ints] = shape.ints;
  head[HEAD.secret0] = randomBytes(4).readInt32LE();
  head[HEAD.secret1] = randomBytes(4).readInt32LE();
  return sab;
}

/** @throws {TypeError} when `sab` was not made by createZone() */
export function requireZone(ints: Int32Array): void {
  if (ints[HEAD.magic] !== MAGIC) throw new TypeError('This memory is not a keyed zone');
}
