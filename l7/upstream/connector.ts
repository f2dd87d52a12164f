/** How connections to members are opened: plain or TLS, and which way they leave this machine. */

import { connectStream, type WayOut } from '../transport/connect.ts';
import type { Transport, TransportOwner } from '../transport/transport.ts';
import type { Worker } from '../worker.ts';
import type { Member } from './pool.ts';

export interface Connector {
  /** Connections with equal keys may serve each other's requests. */
  readonly key: string;
  /** @throws {LocalFault} when this machine cannot open a connection as it is wanted */
  open(member: Member, owner: TransportOwner, worker: Worker, way?: WayOut): Transport;
}

export const PLAIN: Connector = {
  key: '',
  open: (member, owner, worker, way) => connectStream(member.model, owner, worker, undefined, way),
};

/** The same connections by a way of their own. */
export const byWay = (connector: Connector, way: WayOut): Connector => ({
  key: `${connector.key}|${way.key}`,
  open: (member, owner, worker) => connector.open(member, owner, worker, way),
});
