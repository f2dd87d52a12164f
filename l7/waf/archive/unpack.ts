/** Unpacks bytes within limits, beside the thread that serves requests. */
import type { Transform } from 'node:stream';
import { createGunzip, createInflateRaw, createZstdDecompress } from 'node:zlib';
import { ArchiveFault } from './fault.ts';

const UNPACKERS = {
  deflate: createInflateRaw,
  gzip: createGunzip,
  zstd: createZstdDecompress,
} as const;
export type Coding = keyof typeof UNPACKERS;

/** What may come out of one file. */
export interface Budget {
  /** Bytes that may still come. */
  leftBytes: number;
  readonly mostBytes: number;
  /** The most that a byte may become, beyond the first megabyte. */
  readonly ratio: number;
}

export interface Unpacked {
  /** The first bytes, one char each: enough to tell what it is. */
  readonly start: string;
  readonly length: number;
  /** All of it, where `wants` said so of its start. */
  readonly content: Buffer | undefined;
}

const START_BYTES = 512;
export const startOf = (content: Buffer): string => content.subarray(0, START_BYTES).latin1Slice();

const FREE_BYTES = 1 << 20;

/** Takes so many bytes from what may come. @throws {ArchiveFault} when there are fewer left */
export function spend(budget: Budget, bytes: number): void {
  budget.leftBytes -= bytes;
  if (budget.leftBytes < 0)
    throw new ArchiveFault(`would be more than ${budget.mostBytes} bytes unpacked`, 413);
}

/**
 * @param wants whether all of something that begins so is to be kept
 * @returns a promise that fails with an ArchiveFault where limits are exceeded or the bytes are no such coding
 */
export function unpack(
  coding: Coding,
  packed: Buffer,
  budget: Budget,
  wants: (start: string) => boolean,
): Promise<Unpacked> {
  const stream: Transform = UNPACKERS[coding]();
  const { promise, resolve, reject } = Promise.withResolvers<Unpacked>();
  const pieces: Buffer[] = [];
  let length = 0;
  let start = '';
  let keeps = true;
  stream.on('data', (piece: Buffer) => {
    length += piece.length;
    try {
      spend(budget, piece.length);
      if (length > FREE_BYTES && length > packed.length * budget.ratio)
        throw new ArchiveFault(`becomes more than ${budget.ratio} times as large unpacked`, 413);
    } catch (fault) {
      stream.destroy();
      return reject(fault as ArchiveFault);
    }
    const lacked = start.length < START_BYTES;
    if (lacked) start += piece.subarray(0, START_BYTES - start.length).latin1Slice();
    if (keeps && start.length === START_BYTES && lacked) keeps = wants(start);
    if (keeps) pieces.push(piece);
    else pieces.length = 0;
  });
  stream.on('end', () =>
    resolve({ start, length, content: wants(start) ? Buffer.concat(pieces) : undefined }),
  );
  stream.on('error', () => reject(new ArchiveFault('cannot be unpacked')));
  stream.end(packed);
  return promise;
}
