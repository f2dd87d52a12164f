/** Asks a running program. */
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import type { StatusReport } from './report.ts';
import type { Answers, Question } from './server.ts';

export const askStatus = (path: string): Promise<StatusReport> => ask(path, 'status');

/** @param path the program's socket @throws {Error} with the code of connect(2) when no program answers there */
export async function ask<Q extends Question>(
  path: string,
  question: Q,
  rest = '',
): Promise<Awaited<ReturnType<Answers[Q]>>> {
  const socket = createConnection(Buffer.from(path, 'latin1').toString());
  try {
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    socket.write(`${question} ${rest}`.trimEnd().concat('\n'));
    for await (const line of createInterface(socket)) return JSON.parse(line);
    throw new Error('the program closed the connection without an answer');
  } finally {
    socket.destroy();
  }
}
