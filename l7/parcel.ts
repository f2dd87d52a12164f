/** A configuration as the bytes that cross from control to the L7 process and on to its threads. */
import { deserialize, serialize } from 'node:v8';
import { deepFreeze } from '#kit/freeze.ts';
import type { PoolModel } from '#model/l7/upstream.ts';
import { type PackedServers, packServers, unpackServers } from './crate.ts';
import type { PlaneConfig } from './messages.ts';
import { impliedByName } from './upstream/targets.ts';

export interface OpenedConfig extends PlaneConfig {
  /** Pools that no upstream block describes; found once, since it means looking at every server. */
  readonly impliedPools: readonly PoolModel[];
}

type Parcel = Omit<OpenedConfig, 'http'> & {
  readonly http: Omit<PlaneConfig['http'], 'servers'> & { readonly servers: PackedServers };
};

export function packConfig(config: PlaneConfig): Uint8Array {
  const { http } = config;
  const parcel: Parcel = {
    ...config,
    http: { ...http, servers: packServers(http.servers) },
    impliedPools: impliedByName(http),
  };
  return serialize(parcel);
}

/** @param bytes they must not change afterwards: servers are read from them when they are needed */
export function openConfig(bytes: Uint8Array): OpenedConfig {
  const parcel: Parcel = deserialize(bytes);
  // Servers freeze when they are opened.
  const servers = Object.freeze(unpackServers(parcel.http.servers));
  return deepFreeze({ ...parcel, http: { ...parcel.http, servers } });
}
