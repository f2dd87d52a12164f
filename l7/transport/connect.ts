/** Opens outgoing transports. */
import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import type { ClientTls, TlsHandle } from '#native/tls.ts';
import type { Worker } from '../worker.ts';
import { StreamTransport } from './stream.ts';
import type { Transport, TransportOwner } from './transport.ts';

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

/** Starts to connect; the owner hears of the outcome. @param secured absent for plain bytes */
export function connectStream(
  target: Target,
  owner: TransportOwner,
  worker: Worker,
  secured?: Secured,
): Transport {
  const { host, port, unixPath } = target;
  const transport = new StreamTransport(worker.streams, owner);
  if (unixPath !== undefined || isIP(host) !== 0) transport.connect(unixPath ?? host, port, secured);
  else connectByName(transport, host, port, secured);
  return transport;
}

/** A name that nobody resolved yet: the system's resolver does it. */
function connectByName(transport: StreamTransport, host: string, port: number, secured?: Secured): void {
  lookup(host, (error, address) => {
    if (transport.closed) return;
    if (error) transport.fail(error);
    else transport.connect(address, port, secured);
  });
}
