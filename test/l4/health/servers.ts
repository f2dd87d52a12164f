/** Small servers that say what a test wants them to say. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface Peer extends AsyncDisposable {
  readonly port: number;
}

/** A TCP server on a free port of 127.0.0.1. */
export async function tcpPeer(serve: (socket: Socket) => void): Promise<Peer> {
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => {}); // a check that has seen enough hangs up
    serve(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise(done => server.close(done));
    },
  };
}

/** Says `first`, then answers each line or packet by what `answers` makes of it; undefined: nothing. */
export const scripted = (first: string, answer: (got: string) => string | undefined = () => undefined) =>
  tcpPeer(socket => {
    socket.setEncoding('latin1');
    if (first !== '') socket.write(first, 'latin1');
    socket.on('data', (got: string) => {
      const said = answer(got);
      if (said !== undefined) socket.write(said, 'latin1');
    });
  });

/** Says all of it to whoever connects, and ends. */
export const saying = (text: string) => tcpPeer(socket => void socket.resume().end(text, 'latin1'));

/** A UDP server that answers each datagram by what `answer` makes of it. */
export async function udpPeer(answer: (got: Buffer) => Uint8Array | undefined): Promise<Peer> {
  const socket = createSocket('udp4');
  socket.on('message', (got, { port, address }) => {
    const said = answer(got);
    if (said) socket.send(said, port, address);
  });
  await once(socket.bind(0, '127.0.0.1'), 'listening');
  return {
    port: socket.address().port,
    async [Symbol.asyncDispose]() {
      await new Promise<void>(done => socket.close(done));
    },
  };
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function closedPort(): Promise<number> {
  await using peer = await tcpPeer(() => {});
  return peer.port;
}
