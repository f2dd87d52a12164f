/** Asks a running program. */
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import type { StatusReport } from './report.ts';

/** @param path the program's socket @throws {Error} with the code of connect(2) when no program answers there */
export async function askStatus(path: string): Promise<StatusReport> {
  const socket = createConnection(Buffer.from(path, 'latin1').toString());
  try {
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    socket.write('status\n');
    for await (const line of createInterface(socket)) return JSON.parse(line);
    throw new Error('the program closed the connection without an answer');
  } finally {
    socket.destroy();
  }
}
