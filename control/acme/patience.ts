/** Waiting for an authority: looked at again after pauses that grow, or that it has asked for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AcmeFault } from './fault.ts';

const FIRST_MS = 250;
const MOST_MS = 10_000;
const PATIENCE_MS = 300_000;

/**
 * @param look gives what is so, and when to look again
 * @param isOver whether to go on
 * @throws {AcmeFault} when it takes too long; the reason of `stop` when that is aborted
 */
export async function watch<T>(
  look: () => Promise<{ readonly found: T; readonly retryAfterMs: number | undefined }>,
  isOver: (found: T) => boolean,
  what: string,
  stop: AbortSignal,
): Promise<T> {
  const begunMs = performance.now();
  for (let pauseMs = FIRST_MS; ; pauseMs = Math.min(2 * pauseMs, MOST_MS)) {
    const { found, retryAfterMs = 0 } = await look();
    if (isOver(found)) return found;
    if (performance.now() - begunMs > PATIENCE_MS)
      throw new AcmeFault(`${what} takes longer than five minutes`);
    await sleep(Math.max(pauseMs, Math.min(retryAfterMs, MOST_MS)), undefined, { signal: stop });
  }
}
