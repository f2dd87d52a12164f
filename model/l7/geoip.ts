/** Databases of what is known of addresses (MaxMind's format), and who is believed about the client's. */
import type { Cidr } from '#kit/cidr.ts';

export interface GeoDatabase {
  /** Absolute. */
  readonly path: string;
  /** The whole file, as it was when the configuration was read. */
  readonly bytes: Uint8Array;
  /** When that was, in seconds since 1970. */
  readonly readS: number;
}

/** What a variable takes from a record, or of the database itself. */
export type GeoWanted =
  | { readonly kind: 'value'; readonly path: readonly string[] }
  | { readonly kind: 'built' | 'read' };

/** Of `geoip2_proxy`: whose X-Forwarded-For is believed. */
export interface GeoProxies {
  readonly networks: readonly Cidr[];
  readonly recursive: boolean;
}

export const NO_GEO_PROXIES: GeoProxies = { networks: [], recursive: false };
