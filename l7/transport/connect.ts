/** Opens outgoing transports. */
import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import { constants } from 'node:os';
import { systemReason } from '#kit/system-error.ts';
import { type NativeError, type OutgoingOptions, outgoingSocket } from '#native/socket.ts';
import type { ClientTls, TlsHandle } from '#native/tls.ts';
import type { Worker } from '../worker.ts';
import { StreamTransport } from './stream.ts';
import type { TransportOwner } from './transport.ts';

/** Where to: an address and port, or the path of a unix socket. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly unixPath: string | undefined;
}

/** With what TLS is spoken. */
export interface Secured {
  readonly context: TlsHandle;
  readonly as: ClientTls;
}

/** This machine cannot open a connection as it is wanted: no server is to blame. */
export class LocalFault extends Error {}

/** How a connection leaves this machine, where that is not left to the kernel. */
export interface WayOut {
  /** Connections with equal keys may serve each other's requests. */
  readonly key: string;
  /** Of TCP sockets; undefined: nothing is asked of them. */
  readonly socket: Omit<OutgoingOptions, 'family'> | undefined;
  /** Goes before everything else, also before TLS (latin1). */
  readonly opening: string;
}

/**
 * Starts to connect; the owner hears of the outcome.
 *
 * @param secured absent for plain bytes
 * @throws {LocalFault} when the socket cannot be what `way` asks for
 */
export function connectStream(
  target: Target,
  owner: TransportOwner,
  worker: Worker,
  secured?: Secured,
  way?: WayOut,
): StreamTransport {
  const { host, port, unixPath } = target;
  const family = unixPath === undefined ? isIP(host) : 0;
  const transport = new StreamTransport(worker.streams, owner, way?.opening);
  if (unixPath === undefined && family === 0) {
    connectByName(transport, host, port, secured);
    return transport;
  }
  const fd = way?.socket && family !== 0 ? ownSocket(way.socket, family === 4 ? 4 : 6) : undefined;
  transport.connect(unixPath ?? host, port, secured, fd);
  return transport;
}

/** @throws {LocalFault} in nginx's words */
function ownSocket(socket: NonNullable<WayOut['socket']>, family: 4 | 6): number {
  const { localAddress } = socket;
  if (localAddress !== undefined && isIP(localAddress) !== family)
    throw new LocalFault(`bind(${localAddress}) failed ${systemReason(constants.errno.EAFNOSUPPORT)}`);
  try {
    return outgoingSocket({ ...socket, family });
  } catch (cause) {
    const { syscall, object, errno } = cause as NativeError;
    if (syscall === undefined) throw cause;
    throw new LocalFault(`${syscall}(${object}) failed ${systemReason(-errno)}`, { cause });
  }
}

/** A name that nobody resolved yet: the system's resolver does it. */
function connectByName(transport: StreamTransport, host: string, port: number, secured?: Secured): void {
  lookup(host, (error, address) => {
    if (transport.closed) return;
    if (error) transport.fail(error);
    else transport.connect(address, port, secured);
  });
}
