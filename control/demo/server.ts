/** A small server of the demo: it says who it is. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const SLOW_MS = 2000;
/** A download takes minutes: long enough to see what it outlives. */
const DOWNLOAD = { bytes: 32 << 20, pieceBytes: 16 << 10, pauseMs: 100 } as const;

/**
 * @param address 127.0.0.1 unless told
 * @param delayMs asked at each request: its answer waits so long
 * @returns its port, the kernel's choice for 0
 */
export function startServer(
  name: string,
  port = 0,
  address = '127.0.0.1',
  delayMs = () => 0,
): Promise<number> {
  let count = 0;
  const server = createServer(async (request, response) => {
    if (delayMs() > 0) await sleep(delayMs());
    await answer(name, ++count, request, response);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => resolve((server.address() as AddressInfo).port));
  });
}

async function answer(
  name: string,
  count: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://demo');
  if (pathname.endsWith('/download')) return download(response);
  if (pathname.endsWith('/slow')) await sleep(SLOW_MS);
  const { host, cookie, 'x-forwarded-for': client, 'x-forwarded-proto': scheme } = request.headers;
  const told = { server: name, request: count, path: request.url, host, client, scheme, cookie };
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Cache-Control', 'no-store');
  response.end(`${JSON.stringify(told, undefined, 2)}\n`);
}

async function download(response: ServerResponse): Promise<void> {
  const piece = Buffer.alloc(DOWNLOAD.pieceBytes, '.');
  response.setHeader('Content-Length', DOWNLOAD.bytes);
  for (let sent = 0; sent < DOWNLOAD.bytes && !response.destroyed; sent += piece.length) {
    response.write(piece);
    await sleep(DOWNLOAD.pauseMs);
  }
  response.end();
}
