/** Asks clamd whether a file holds something that it knows (INSTREAM, clamd(8)). */
import { connect, type Socket } from 'node:net';
import type { ScannerAddress } from '#model/l7/waf.ts';

const PIECE_BYTES = 1 << 16;
const MOST_ANSWER = 4096;

/**
 * @returns a promise of what it found, undefined for nothing; it fails where clamd gives no answer within the time, or none
 *   that says either
 */
export function scan(content: Buffer, at: ScannerAddress, timeoutMs: number): Promise<string | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const socket = at.kind === 'unix' ? connect(at.path) : connect(at.port, at.host);
  const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  let answer = '';
  socket.on('data', data => {
    answer += data.toString('latin1');
    if (answer.length > MOST_ANSWER) socket.destroy(new Error('its answer has no end'));
    else if (answer.includes('\0')) socket.end();
  });
  socket.on('error', fault => reject(fault));
  socket.on('close', () => {
    clearTimeout(timer);
    const verdict = verdictOf(answer);
    if (verdict instanceof Error) reject(verdict);
    else resolve(verdict);
  });
  send(socket, content);
  return promise;
}

/** Pieces with their lengths before them, and a piece without bytes at the end. */
function send(socket: Socket, content: Buffer): void {
  socket.write('zINSTREAM\0');
  for (let at = 0; at < content.length; at += PIECE_BYTES) {
    const piece = content.subarray(at, at + PIECE_BYTES);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(piece.length);
    socket.write(length);
    socket.write(piece);
  }
  socket.write(Buffer.alloc(4));
}

function verdictOf(answer: string): string | undefined | Error {
  const text = answer.split('\0', 1)[0]!.trim();
  if (/^stream: OK$/.test(text)) return undefined;
  const found = /^stream: (.*) FOUND$/.exec(text);
  if (found) return found[1]!;
  return new Error(
    text === '' ? 'it hung up without an answer' : `it says ${JSON.stringify(text.slice(0, 200))}`,
  );
}
