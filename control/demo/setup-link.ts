/** The way into the console of a demo: where it listens, and the link by which its first user gets in. */
import { createServer } from 'node:net';
import { ask } from '../status/client.ts';

/** @returns undefined when there is no console, or it has a user */
export async function setupLink(socketPath: string): Promise<string | undefined> {
  try {
    const answer = await ask(socketPath, 'user-order', JSON.stringify({ kind: 'link' }));
    return 'fault' in answer ? undefined : String(answer.done);
  } catch {
    return undefined; // it is being ended
  }
}

/** @returns the port of the loopback that is wished for, or another one where that is taken */
export function freePort(wish: number): Promise<number> {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.once('error', fault => (wish === 0 ? reject(fault) : resolve(freePort(0))));
    probe.listen(wish, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}
