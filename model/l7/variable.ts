/** Variables that the configuration itself defines. */
import type { Cidr } from '#kit/cidr.ts';
import type { HostnameTable } from '../hostnames.ts';
import type { Pattern, Template } from '../template.ts';
import type { GeoWanted } from './geoip.ts';

/** IPv4 addresses from the first to the last, both included. */
export interface AddressRange {
  readonly first: string;
  readonly last: string;
  readonly value: string;
}

export type GeoLookup =
  /** The narrowest network that holds the address. */
  | {
      readonly by: 'network';
      readonly entries: readonly { readonly network: Cidr; readonly value: string }[];
    }
  /** Ranges that do not overlap, from the lowest up. */
  | { readonly by: 'range'; readonly entries: readonly AddressRange[]; readonly fallback: string };

export type UserVariable =
  /**
   * Written by `set`, a regex's named group, `auth_request_set`: starts empty in each request. `weak`: nothing but `set`
   * makes it, so that until then `$arg_x` reads the argument, and a name of no such family is worth a warning.
   */
  | { readonly kind: 'set'; readonly name: string; readonly weak: boolean }
  | {
      readonly kind: 'map';
      readonly name: string;
      readonly source: Template;
      /** Wildcards stand in it only with `hostnames`. */
      readonly keys: HostnameTable<Template>;
      readonly patterns: readonly { readonly pattern: Pattern; readonly value: Template }[];
      readonly fallback: Template;
      /** A dot at the end of what is looked up does not count. */
      readonly hostnames: boolean;
      /** Worked out anew each time. */
      readonly volatile: boolean;
    }
  | {
      readonly kind: 'geo';
      readonly name: string;
      /** What holds the address; undefined for the client's. */
      readonly source: Template | undefined;
      readonly lookup: GeoLookup;
      /** Clients in these networks are believed about X-Forwarded-For. */
      readonly proxies: readonly Cidr[];
      readonly proxyRecursive: boolean;
      readonly volatile: boolean;
    }
  | {
      readonly kind: 'geoip';
      readonly name: string;
      /** `GeoDatabase.path`. */
      readonly database: string;
      /** What holds the address; undefined for the client's. */
      readonly source: Template | undefined;
      readonly wanted: GeoWanted;
      /** Where nothing is known. */
      readonly fallback: string;
    }
  | {
      readonly kind: 'split';
      readonly name: string;
      readonly source: Template;
      /** Shares in hundredths of a percent; undefined takes all that are left. */
      readonly parts: readonly { readonly share: number | undefined; readonly value: string }[];
    };
