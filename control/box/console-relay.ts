/** A process in a node's namespace: leads connections that it is handed to a port of the node's loopback. PORT */
import { connect, type Socket } from 'node:net';
import { tie } from './tie.ts';

const port = Number(process.argv[2]);

process.on('disconnect', () => process.exit(0));
process.on('message', (_, socket) => {
  if (socket) lead(socket as Socket);
});

function lead(socket: Socket): void {
  const way = connect({ host: '127.0.0.1', port });
  tie(socket, way);
  socket.resume();
}
