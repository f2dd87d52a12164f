/** Run on a real server: says again what it hears, over TCP and UDP, on one port of every address. Argument: the port. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const port = Number(process.argv[2]);
createServer(socket => {
  socket.on('error', () => {}); // the client tells of it
  socket.pipe(socket);
}).listen({ port, host: '::', backlog: 4096 });
for (const type of ['udp4', 'udp6'] as const) {
  const socket = createSocket({ type, ipv6Only: type === 'udp6' });
  socket.on('message', (bytes, from) => socket.send(bytes, from.port, from.address));
  socket.bind(port);
}
