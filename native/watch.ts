/** Descriptors that tell when they have something to read. */
import { addon } from './addon.ts';

/**
 * Calls `onReadable` as long as there is something to read; whoever is called reads all of it.
 *
 * @returns ends that; call it once, before the descriptor is closed
 */
export function watchFd(fd: number, onReadable: () => void): () => void {
  const handle = addon().watchFd(fd, onReadable);
  return () => addon().unwatchFd(handle);
}
