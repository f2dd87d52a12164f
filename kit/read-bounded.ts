/** Files that somebody named: read whole, and no more than is thought possible. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const FIRST_BYTES = 64 * 1024;

/**
 * Reads also what has no size (pipes, devices), and stops at the bound: `/dev/zero` has no end.
 *
 * @param path a file, or 0: what comes on standard input
 * @param most bytes, at least 1
 * @throws {RangeError} when there are more @throws {Error} of the system
 */
export function readBounded(path: string | Buffer | 0, most: number): Buffer {
  const file = path === 0 ? 0 : openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (size > most) throw tooLarge(most);
    // One byte more than is expected tells the end apart from a file that has grown.
    let bytes = Buffer.allocUnsafe(Math.max(size, FIRST_BYTES) + 1);
    let length = 0;
    for (;;) {
      if (length === bytes.length) bytes = Buffer.concat([bytes], bytes.length * 2);
      const got = readSync(file, bytes, length, bytes.length - length, null);
      if (got === 0) return bytes.subarray(0, length);
      length += got;
      if (length > most) throw tooLarge(most);
    }
  } finally {
    if (file !== 0) closeSync(file);
  }
}

const tooLarge = (most: number) => new RangeError(`it has more than ${most / (1024 * 1024)} MB`);
