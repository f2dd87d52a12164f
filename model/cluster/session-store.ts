/** What the L7 tiers of a cluster share, and by what way. */

export interface StoreAddress {
  readonly address: string;
  readonly port: number;
}

/** Nodes that tell each other without anything between them. */
export interface PeersStoreModel {
  readonly kind: 'peers';
  readonly listen: StoreAddress;
  /** At least one; none is `listen`. */
  readonly peers: readonly StoreAddress[];
  /** Known to all nodes; latin1. */
  readonly key: string;
}

export interface RedisHost {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface RedisLogin {
  /** Undefined: the default user. */
  readonly user: string | undefined;
  readonly password: string;
}

/** PEM texts. */
export interface RedisTls {
  /** Undefined: the authorities that the runtime brings along. */
  readonly ca: string | undefined;
  /** With the chain behind it; undefined: none is shown. */
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  /** Whose certificate it must be; undefined: that of the host that is connected to. */
  readonly name: string | undefined;
}

/** How the Redis that can be written to is found: it is named, Sentinels tell, or the nodes of a cluster point to it. */
export const REDIS_WAYS = ['single', 'sentinel', 'cluster'] as const;
export type RedisWay = (typeof REDIS_WAYS)[number];

/** Nodes that leave what they know in Redis or Valkey. */
export interface RedisStoreModel {
  readonly kind: 'redis';
  readonly way: RedisWay;
  /** Of `single` one; of `sentinel` the Sentinels. */
  readonly servers: readonly RedisHost[];
  /** What Sentinels call it; '' otherwise. */
  readonly masterName: string;
  /** 0 with a cluster. */
  readonly database: number;
  readonly tls: RedisTls | undefined;
  readonly login: RedisLogin | undefined;
  readonly sentinelLogin: RedisLogin | undefined;
  /** All keys begin with `{prefix}:`, so that they lie together in a cluster. */
  readonly prefix: string;
  /** Seals what lies in Redis; latin1. */
  readonly key: string;
}

export type SessionStoreModel = PeersStoreModel | RedisStoreModel;
