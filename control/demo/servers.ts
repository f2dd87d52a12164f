/** The three small servers behind the demo: each says who it is. Runs as a process of its own; sends its ports to its parent. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const NAMES = ['ada', 'bela', 'cleo'] as const;
const SLOW_MS = 2000;

async function answer(
  name: string,
  count: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://demo');
  if (pathname.endsWith('/slow')) await sleep(SLOW_MS);
  const { host, cookie, 'x-forwarded-for': client, 'x-forwarded-proto': scheme } = request.headers;
  const told = { server: name, request: count, path: request.url, host, client, scheme, cookie };
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Cache-Control', 'no-store');
  response.end(`${JSON.stringify(told, undefined, 2)}\n`);
}

function start(name: string): Promise<number> {
  let count = 0;
  const server = createServer((request, response) => void answer(name, ++count, request, response));
  return new Promise(resolve =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );
}

process.on('SIGINT', () => {}); // Ctrl-C goes to all: the parent ends this one when moat has ended
process.on('disconnect', () => process.exit(0));
process.send?.(await Promise.all(NAMES.map(start)));
