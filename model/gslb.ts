/** The gslb block: zones whose names are answered by DNS with the addresses of sites that are well. */
import type { Cidr } from '#kit/cidr.ts';
import type { L4CheckModel } from './l4/health.ts';

/**
 * `failover`: the first site that lives. `weighted`: drawn by lot, by weight. `geo`: of those that are for the client's network, country or
 * continent, the nearest; among equals drawn by weight.
 */
export const GSLB_POLICIES = ['failover', 'weighted', 'geo'] as const;
export type GslbPolicy = (typeof GSLB_POLICIES)[number];

export const CONTINENTS = ['AF', 'AN', 'AS', 'EU', 'NA', 'OC', 'SA'] as const;

export interface GslbListen {
  /** In its usual form. */
  readonly address: string;
  readonly port: number;
}

/** Degrees; north and east are positive. */
export interface GeoPoint {
  readonly latitude: number;
  readonly longitude: number;
}

export interface GslbSite {
  readonly name: string;
  /** IPv4 and IPv6, in their usual form; at least one. */
  readonly addresses: readonly string[];
  /** 0..65535; 0: no client is sent there. */
  readonly weight: number;
  /** Only while no other one lives. */
  readonly backup: boolean;
  /** ISO 3166-1 codes. */
  readonly countries: readonly string[];
  readonly continents: readonly (typeof CONTINENTS)[number][];
  readonly networks: readonly Cidr[];
  readonly location: GeoPoint | undefined;
}

/** What is answered when no site lives: all of them, none, or addresses of last resort. */
export type GslbFallback =
  | { readonly kind: 'all' | 'none' }
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] };

export interface GslbRecord {
  /** In lower case, without a dot at its end. */
  readonly name: string;
  readonly ttlS: number;
  readonly policy: GslbPolicy;
  /** So many addresses an answer has at most. */
  readonly answers: number;
  readonly sites: readonly GslbSite[];
  readonly fallback: GslbFallback;
  /** `only` names what is watched: a site and an address of it, as nameOfWatched() has it. */
  readonly checks: readonly L4CheckModel[];
  readonly site: { readonly file: string; readonly line: number };
}

/** How an address of a site is called in logs, figures and programs of checks. */
export const nameOfWatched = (site: string, address: string): string => `${site}/${address}`;

export interface NameServerModel {
  readonly name: string;
  /** Of one within the zone. */
  readonly addresses: readonly string[];
}

/** RFC 1035 §3.3.13; times in seconds. */
export interface SoaModel {
  readonly primary: string;
  /** A mailbox as a name: `hostmaster.example.org`. */
  readonly mailbox: string;
  readonly serial: number;
  readonly refreshS: number;
  readonly retryS: number;
  readonly expireS: number;
  /** How long it may be remembered that something is not there (RFC 2308). */
  readonly minimumS: number;
}

export interface GslbZone {
  readonly name: string;
  readonly ttlS: number;
  readonly soa: SoaModel;
  readonly nameServers: readonly NameServerModel[];
  readonly records: readonly GslbRecord[];
}

/** What one network of clients (/24, /56) is answered over UDP. */
export interface GslbRateLimit {
  readonly perSecond: number;
  readonly burst: number;
  /** Every so many-th answer that would be dropped says "come by TCP" instead; 0: none. */
  readonly slip: number;
}

export interface GslbModel {
  readonly listens: readonly GslbListen[];
  readonly zones: readonly GslbZone[];
  /** Undefined: no limit. */
  readonly rateLimit: GslbRateLimit | undefined;
  /** Whether what a resolver says of its client counts (RFC 7871). */
  readonly clientSubnet: boolean;
  readonly geoDatabase: { readonly path: string; readonly bytes: Uint8Array } | undefined;
}
