/** Ports of this machine's loopback. */
import { createServer, type Server } from 'node:net';

/** The system chooses one. */
const ANY = 0;

/** @param pauseOnConnect nothing is read of what comes: somebody else will @throws {Error} EADDRINUSE */
export function listening(port: number, pauseOnConnect = false): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

/** On the port that is wished for, or on another one where that is taken. */
export const listeningNear = (wish: number, pauseOnConnect = false): Promise<Server> =>
  listening(wish, pauseOnConnect).catch(() => listening(ANY, pauseOnConnect));

export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? ANY) : ANY;
}
