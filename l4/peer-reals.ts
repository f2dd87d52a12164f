/** How real servers stand at the other director, as it has told last. */
import { endpointKey } from './endpoints.ts';
import type { RealTable, ServiceEndpoint } from './tables.ts';

export interface PeerReal {
  readonly address: string;
  /** As configured; 0: the client's. */
  readonly port: number;
  /** By the checks of the other director. */
  readonly alive: boolean;
  /** In its selection; 0: it takes no new flows there. */
  readonly weight: number;
}

/** By endpointKey() of one endpoint of their service. */
export type PeerReals = ReadonlyMap<string, readonly PeerReal[]>;

export const NO_PEER: PeerReals = new Map();

/** What both directors call a real server of a service. */
export const realName = ({ address, port }: { readonly address: string; readonly port: number }): string =>
  `${address} ${port}`;

/** Of new flows; 0: it takes none. */
export const weightForNew = ({ intake, weight }: Pick<RealTable, 'intake' | 'weight'>): number =>
  intake === 'all' ? weight : 0;

/** @returns undefined when the other director has told nothing of this service */
export function peerRealsOf(
  peer: PeerReals,
  endpoints: readonly ServiceEndpoint[],
): readonly PeerReal[] | undefined {
  if (peer.size === 0) return undefined;
  for (const endpoint of endpoints) {
    const found = peer.get(endpointKey(endpoint));
    if (found) return found;
  }
  return undefined;
}
