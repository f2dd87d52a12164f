/** The server behind the proxies: `/big` is so many bytes, a body is answered with its length, and X-Client comes back. usage: origin.ts BYTES */
import { createServer } from 'node:http';

const big = Buffer.alloc(Number(process.argv[2]), 'x');

createServer((request, answer) => {
  answer.setHeader('X-Client', request.headers['x-client'] ?? '');
  let bytes = 0;
  request.on('data', piece => (bytes += piece.length));
  request.on('end', () => answer.end(request.url === '/big' ? big : String(bytes)));
}).listen(8000);
