/** Run on the client: one connection from each of its addresses, held until its input ends. Arguments: address and port to go to, own addresses. */
import { connect } from 'node:net';

const [host = '', port = '', ...own] = process.argv.slice(2);
const sockets = await Promise.all(
  own.map(localAddress => {
    const { promise, resolve, reject } = Promise.withResolvers<ReturnType<typeof connect>>();
    const socket = connect({ host, port: Number(port), localAddress });
    socket.on('error', reject);
    socket.once('connect', () => socket.write('....'));
    socket.once('data', () => resolve(socket));
    return promise;
  }),
);
console.log(JSON.stringify(sockets.length));
process.stdin.resume().once('end', () => {
  for (const socket of sockets) socket.destroy();
});
