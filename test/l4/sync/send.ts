/** Run on a host: sends datagrams, also from an address and port that another socket has. Arguments: from, port, to, port, hexadecimal bytes. */
import { createSocket } from 'node:dgram';

const [from = '', fromPort, to, toPort, ...datagrams] = process.argv.slice(2);
const socket = createSocket({ type: 'udp4', reuseAddr: true });
socket.bind(Number(fromPort), from, async () => {
  for (const bytes of datagrams)
    await new Promise<void>((done, fail) =>
      socket.send(Buffer.from(bytes, 'hex'), Number(toPort), to, fault => (fault ? fail(fault) : done())),
    );
  socket.close();
});
