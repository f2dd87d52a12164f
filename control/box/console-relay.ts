/** A process in a node's namespace: leads connections that it is handed to a port of the node's loopback. PORT */
import { connect, type Socket } from 'node:net';

const port = Number(process.argv[2]);

process.on('disconnect', () => process.exit(0));
process.on('message', (_, socket) => {
  if (socket) lead(socket as Socket);
});

function lead(socket: Socket): void {
  const way = connect({ host: '127.0.0.1', port });
  for (const [one, other] of [
    [socket, way],
    [way, socket],
  ] as const) {
    one.pipe(other);
    one.on('error', () => other.destroy());
    one.once('close', () => other.destroySoon());
  }
  socket.resume();
}
