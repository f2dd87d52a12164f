/** The way into the console of a demo: where it listens, and the link by which its first user gets in. */
import { listeningNear, portOf } from '../host/listening.ts';
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
export async function freePort(wish: number): Promise<number> {
  const probe = await listeningNear(wish);
  const port = portOf(probe);
  await new Promise(closed => probe.close(closed));
  return port;
}
