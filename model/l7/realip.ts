/** realip: the client's address where trusted proxies stand in front. */
import type { Cidr } from '#kit/cidr.ts';

export interface RealipSettings {
  /** Proxies whose word counts; none: the module is off. */
  readonly from: readonly Cidr[];
  /** A field, lower case, or 'proxy_protocol'. */
  readonly header: string;
  /** The last address that is not trusted, instead of the last one. */
  readonly recursive: boolean;
}

export const REALIP_DEFAULTS: RealipSettings = { from: [], header: 'x-real-ip', recursive: false };
