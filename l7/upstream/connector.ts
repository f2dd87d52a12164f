/** How connections to members are opened: plain or TLS, and which way they leave this machine. */

import { connectStream, type WayOut } from '../transport/connect.ts';
import type { StreamTransport } from '../transport/stream.ts';
import type { TransportOwner } from '../transport/transport.ts';
import type { Worker } from '../worker.ts';
import type { Member } from './pool.ts';

export interface Connector {
  /** Connections with equal keys may serve each other's requests. */
  readonly key: string;
  /** HTTP/2 is spoken: over TLS by ALPN, or over plain bytes by prior knowledge (h2c). */
  readonly http2: 'h2' | 'h2c' | undefined;
  /** @throws {LocalFault} when this machine cannot open a connection as it is wanted */
  open(member: Member, owner: TransportOwner, worker: Worker, way?: WayOut): StreamTransport;
}

export const PLAIN: Connector = {
  key: '',
  http2: undefined,
  open: (member, owner, worker, way) => connectStream(member.model, owner, worker, undefined, way),
};

export const PLAIN_HTTP2: Connector = { ...PLAIN, key: 'h2c', http2: 'h2c' };

/** The same connections by a way of their own. */
export const byWay = (connector: Connector, way: WayOut): Connector => ({
  key: `${connector.key}|${way.key}`,
  http2: connector.http2,
  open: (member, owner, worker) => connector.open(member, owner, worker, way),
});
