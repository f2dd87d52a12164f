/** What the directives of the cluster block write into; config/resolve-cluster.ts turns it into the frozen model. */
import type { ClusterModel } from '#model/cluster/cluster.ts';
import type { RedisHost, RedisWay, StoreAddress } from '#model/cluster/session-store.ts';
import type { TrackModel, TrackScriptModel } from '#model/cluster/track.ts';
import type { SyncGroupModel, UnicastPeer, VirtualAddress, VrrpInstanceModel } from '#model/cluster/vrrp.ts';
import type { SyncModel } from '#model/l4/sync.ts';
import type { PathDraft } from './cluster-path.ts';
import type { Writable } from './draft.ts';
import type { HeartbeatDraft } from './draft-heartbeat.ts';
import type { Site, Token } from './lex.ts';

export interface FlowSyncDraft {
  readonly own: Partial<Writable<Omit<SyncModel, 'paths'>>>;
  readonly paths: PathDraft[];
  readonly site: Site;
}

export interface ClusterDraft {
  readonly own: Partial<
    Writable<
      Omit<ClusterModel, 'scripts' | 'instances' | 'groups' | 'flowWaitMs' | 'sessionStore' | 'heartbeat'>
    >
  >;
  readonly scripts: ScriptDraft[];
  readonly instances: InstanceDraft[];
  readonly groups: SyncGroupDraft[];
  flowSync: FlowSyncDraft | undefined;
  sessionStore: SessionStoreDraft | undefined;
  heartbeat: HeartbeatDraft | undefined;
}

export interface StoreAddressDraft extends StoreAddress {
  readonly place: Token;
}

/** A Redis, a Sentinel or a node of a cluster, as its URL tells. */
export interface RedisServerDraft extends RedisHost {
  readonly isTls: boolean;
  readonly database: number;
  readonly place: Token;
}

/** What stands in a session_store that leads to Redis. */
export interface RedisDraft {
  way: RedisWay;
  masterName: string;
  readonly servers: RedisServerDraft[];
  prefix: string | undefined;
  readonly login: { user?: string; password?: string };
  readonly sentinelLogin: { user?: string; password?: string };
  ca: string | undefined;
  certificate: { readonly chain: string; readonly key: string } | undefined;
  verifyName: string | undefined;
}

export interface SessionStoreDraft {
  readonly site: Site;
  /** Undefined: peers. */
  redis: RedisDraft | undefined;
  /** Directives that are of peers alone, or of Redis alone, and where they stand. */
  readonly places: Map<string, Site>;
  listen: StoreAddressDraft | undefined;
  readonly peers: StoreAddressDraft[];
  key: string | undefined;
}

export interface VirtualAddressDraft extends VirtualAddress {
  readonly family: 4 | 6;
  readonly place: Site;
}

export interface PeerDraft extends UnicastPeer {
  readonly family: 4 | 6;
  readonly place: Site;
}

export interface TrackDraft extends TrackModel {
  readonly place: Site;
}

type Listed = 'name' | 'family' | 'addresses' | 'peers' | 'tracks';

export interface InstanceDraft {
  readonly name: string;
  readonly own: Partial<Writable<Omit<VrrpInstanceModel, Listed>>>;
  readonly addresses: VirtualAddressDraft[];
  readonly peers: PeerDraft[];
  readonly tracks: TrackDraft[];
  /** Where directives stand that resolve holds against what else is there. */
  readonly places: Map<string, Site>;
  readonly site: Site;
}

export interface ScriptDraft {
  readonly name: string;
  readonly own: Partial<Writable<Omit<TrackScriptModel, 'name'>>>;
  readonly site: Site;
}

export interface SyncGroupDraft extends Omit<SyncGroupModel, 'members' | 'tracks'> {
  readonly members: Token[];
  readonly tracks: TrackDraft[];
  readonly site: Site;
}

export const newCluster = (): ClusterDraft => ({
  ...{ own: {}, scripts: [], instances: [], groups: [] },
  flowSync: undefined,
  sessionStore: undefined,
  heartbeat: undefined,
});

export const newFlowSync = (site: Site): FlowSyncDraft => ({ own: {}, paths: [], site });

export const newSessionStore = (site: Site): SessionStoreDraft => ({
  ...{ site, peers: [], places: new Map() },
  redis: undefined,
  listen: undefined,
  key: undefined,
});

export const newRedis = (way: RedisWay, masterName: string): RedisDraft => ({
  ...{ way, masterName, servers: [], login: {}, sentinelLogin: {} },
  ...{ prefix: undefined, ca: undefined, certificate: undefined, verifyName: undefined },
});

export const newInstance = (name: string, site: Site): InstanceDraft => ({
  ...{ name, site, own: {}, addresses: [], peers: [], tracks: [] },
  places: new Map(),
});

export const newScript = (name: string, site: Site): ScriptDraft => ({ name, site, own: {} });

export const newSyncGroup = (name: string, site: Site): SyncGroupDraft => ({
  ...{ name, site, members: [], tracks: [] },
});
