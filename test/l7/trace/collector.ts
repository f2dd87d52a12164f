/** A collector of traces, for tests: a process of its own that takes OTLP over HTTP, and writes each message as a line. Its words: a port, and a status to answer with, or `silent`. */
import { createServer } from 'node:http';

const [, , port = '0', how = '200'] = process.argv;

const server = createServer(async (request, response) => {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  const { method, url, headers } = request;
  const body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces)));
  process.stdout.write(`${JSON.stringify({ method, url, headers, body })}\n`);
  if (how === 'silent') return;
  response.writeHead(Number(how), { 'Content-Type': 'application/json' });
  response.end('{"partialSuccess":{}}');
});
server.listen(Number(port), '127.0.0.1', () => {
  const at = server.address();
  process.stdout.write(`${JSON.stringify({ port: typeof at === 'object' ? at?.port : undefined })}\n`);
});
