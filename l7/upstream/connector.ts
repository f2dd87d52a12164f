/** How connections to members are opened: plain or TLS, from which local address. */

import { connectStream } from '../transport/connect.ts';
import type { Transport, TransportOwner } from '../transport/transport.ts';
import type { Worker } from '../worker.ts';
import type { Member } from './pool.ts';

export interface Connector {
  /** Connections with equal keys may serve each other's requests. */
  readonly key: string;
  open(member: Member, owner: TransportOwner, worker: Worker): Transport;
}

export const PLAIN: Connector = {
  key: '',
  open: (member, owner, worker) => connectStream(member.model, owner, worker),
};
