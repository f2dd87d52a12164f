/** Ids of requests: 128 random bits, which nobody guesses and no two requests share, as 32 hexadecimal digits. */
import { randomFillSync } from 'node:crypto';

const ID_BYTES = 16;
/** A cache of this thread: to ask the generator for 16 bytes costs as much as for 4 KB. */
const pool = Buffer.alloc(256 * ID_BYTES);
let used = pool.length;

export function newRequestId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += ID_BYTES;
  return pool.toString('hex', used - ID_BYTES, used);
}
