/** The nodes of a cluster, each by what it says: this one, the other one by heartbeats, and more by their advertisements of VRRP. */
import type { Cluster } from './shapes.ts';

/**
 * `own`: it is this one; `heard`; `silent`: heartbeats of it have stopped; `ended`: it said that it ends; `unmet`: it was never heard;
 * `quiet`: it advertises nothing, as a backup does, and as one does that is gone.
 */
export type Reach = 'own' | 'heard' | 'silent' | 'ended' | 'unmet' | 'quiet';

export interface NodeRouter {
  readonly name: string;
  readonly state: string;
  readonly priority: number;
  /** Virtual addresses, as this node has them configured. */
  readonly addresses: readonly string[];
  /** Another node says that it has them, too. */
  readonly isContested: boolean;
}

export interface NodeShown {
  /** Undefined: nobody has said it. */
  readonly name: string | undefined;
  readonly reach: Reach;
  /** Since it was heard. */
  readonly ageMs: number | undefined;
  readonly routers: readonly NodeRouter[];
  /** Undefined: it does not say. */
  readonly isHealthy: boolean | undefined;
  readonly isMaintenance: boolean;
  /** Digest of its configuration; undefined: it does not say. */
  readonly revision: string | undefined;
  readonly isOtherRevision: boolean;
  /** Whether it knows the flows of the other one. */
  readonly inSync: boolean | undefined;
  /** Of heartbeats between it and this one. */
  readonly paths: { readonly carrying: number; readonly all: number } | undefined;
}

type Heartbeat = NonNullable<Cluster['heartbeat']>;
/** So many intervals without an advertisement mean that it has none to send. */
const QUIET_INTERVALS = 4;

/** This node first. */
export function nodesOf(cluster: Cluster): readonly NodeShown[] {
  const { heartbeat } = cluster;
  const other = heartbeat && peerOf(cluster, heartbeat);
  return contested([ownOf(cluster), ...(other ? [other] : []), ...strangersOf(cluster)]);
}

function ownOf({ instances, maintenance, heartbeat }: Cluster): NodeShown {
  return {
    ...{ name: heartbeat?.node, reach: 'own', ageMs: undefined, isMaintenance: maintenance },
    routers: instances.map(({ name, state, priority, addresses }) => ({
      ...{ name, state, priority, addresses, isContested: false },
    })),
    isHealthy: instances.every(({ faults }) => faults.length === 0),
    ...{ revision: heartbeat?.revision, isOtherRevision: false },
    ...{ inSync: heartbeat?.inSync, paths: undefined },
  };
}

function peerOf({ instances }: Cluster, { peer, paths }: Heartbeat): NodeShown {
  const addressesOf = (name: string) => instances.find(one => one.name === name)?.addresses ?? [];
  return {
    ...{ name: peer?.node, ageMs: peer?.ageMs, isMaintenance: false },
    reach: !peer ? 'unmet' : peer.leaves ? 'ended' : peer.isHeard ? 'heard' : 'silent',
    routers: (peer?.instances ?? []).map(({ name, state, priority }) => ({
      ...{ name, state, priority, addresses: addressesOf(name), isContested: false },
    })),
    ...{ isHealthy: peer?.healthy, revision: peer?.revision, inSync: peer?.inSync },
    isOtherRevision: peer?.isOtherRevision ?? false,
    paths: { carrying: paths.filter(({ carries }) => carries).length, all: paths.length },
  };
}

/**
 * Routers that are neither this node nor the one that sends heartbeats. That has more addresses than its heartbeats come from (of IPv6 those of its
 * links), so beside it only those are others that advertise what it does not say to have.
 */
function strangersOf({ instances, heartbeat }: Cluster): NodeShown[] {
  const known = new Set(heartbeat?.paths.map(({ peer }) => peer));
  const other = heartbeat?.peer;
  const isOthers = (name: string) =>
    other?.instances.some(one => one.name === name && one.state === 'active') ?? false;
  const heard = instances.flatMap(one =>
    one.peers
      .filter(({ address }) => !known.has(address) && !isOthers(one.name))
      .map(peer => ({ one, peer })),
  );
  return [...Map.groupBy(heard, ({ peer }) => peer.address)].flatMap(([address, all]): NodeShown[] => {
    const speaks = all.filter(({ peer }) => !peer.stopped && peer.ageMs < QUIET_INTERVALS * peer.intervalMs);
    if (other && speaks.length === 0) return [];
    return [
      {
        ...{ name: address, isMaintenance: false, reach: speaks.length > 0 ? 'heard' : 'quiet' },
        ageMs: Math.min(...all.map(({ peer }) => peer.ageMs)),
        routers: all.map(({ one, peer }) => ({
          ...{ name: one.name, priority: peer.priority, addresses: one.addresses, isContested: false },
          state: speaks.some(other => other.one === one) ? 'active' : 'unknown',
        })),
        ...{ isHealthy: undefined, revision: undefined, isOtherRevision: false, inSync: undefined },
        paths: undefined,
      },
    ];
  });
}

/** Two that say to have the same addresses at the same time. */
function contested(nodes: readonly NodeShown[]): readonly NodeShown[] {
  const active = nodes
    .filter(({ reach }) => reach === 'own' || reach === 'heard')
    .flatMap(({ routers }) => routers.filter(({ state }) => state === 'active').map(({ name }) => name));
  const twice = new Set(active.filter((name, at) => active.indexOf(name) !== at));
  return nodes.map(node => ({
    ...node,
    routers: node.routers.map(one => ({
      ...one,
      isContested: one.state === 'active' && twice.has(one.name),
    })),
  }));
}
