/** Opens outgoing transports. */
import { connect, isIP } from 'node:net';
import type { ReadBuffer } from '../read-buffer.ts';
import type { Worker } from '../worker.ts';
import { SocketTransport } from './socket.ts';
import { StreamTransport } from './stream.ts';
import type { Transport, TransportOwner } from './transport.ts';

/** Where to: an address and port, or the path of a unix socket. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly unixPath: string | undefined;
}

/** Starts to connect; the owner hears of the outcome. */
export function connectPlain(target: Target, owner: TransportOwner, worker: Worker): Transport {
  const { host, port, unixPath } = target;
  if (unixPath === undefined && isIP(host) === 0) return connectByName(target, owner, worker.readBuffer);
  const transport = new StreamTransport(worker.streams, owner);
  transport.connect(unixPath ?? host, port);
  return transport;
}

/** A name that nobody resolved yet: the system's resolver does it. */
function connectByName(target: Target, owner: TransportOwner, read: ReadBuffer): Transport {
  let transport: SocketTransport | undefined;
  const { host, port } = target;
  const socket = connect({
    host,
    port,
    noDelay: true,
    allowHalfOpen: true,
    onread: { buffer: read.shared, callback: (bytes: number) => transport!.receive(bytes) },
  });
  transport = new SocketTransport(socket, owner, read, true);
  socket.on('connect', () => transport.owner.transportConnected());
  return transport;
}
