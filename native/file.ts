/** Reading files without waiting for the disk. */
import { addon } from './addon.ts';

/** What readCached() gives when the disk would have to be waited for: then a thread should do it. */
export const WOULD_WAIT = -1;

/**
 * Reads what the kernel has in memory; on file systems that can not tell, nothing.
 *
 * @param position in bytes
 * @returns how many bytes came, which may be fewer than fit; 0 at the end of the file; WOULD_WAIT
 * @throws {Error} with `code`, as all verbs do
 */
export const readCached = (fd: number, buffer: Uint8Array, position: number): number =>
  addon().readCached(fd, buffer, position);
