/** Opens outgoing transports. */
import { connect } from 'node:net';
import type { ReadBuffer } from '../read-buffer.ts';
import { SocketTransport } from './socket.ts';
import type { Transport, TransportOwner } from './transport.ts';

/** Where to: an address and port, or the path of a unix socket. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly unixPath: string | undefined;
}

/** Starts to connect; the owner hears of the outcome. */
export function connectPlain(target: Target, owner: TransportOwner, read: ReadBuffer): Transport {
  let transport: SocketTransport | undefined;
  const { host, port, unixPath } = target;
  const socket = connect({
    host,
    port,
    ...(unixPath !== undefined && { path: unixPath }),
    noDelay: true,
    allowHalfOpen: true,
    onread: { buffer: read.shared, callback: (bytes: number) => transport!.receive(bytes) },
  });
  transport = new SocketTransport(socket, owner, read, true);
  socket.on('connect', () => transport.owner.transportConnected());
  return transport;
}
