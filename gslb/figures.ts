/** What the GSLB process tells of itself. */
import type { GslbPolicy } from '#model/gslb.ts';
import type { Rcode } from './wire/code.ts';

export interface SiteFigures {
  readonly name: string;
  readonly address: string;
  readonly alive: boolean;
  /** That of its checks where they say one; 0: no client is sent there. */
  readonly weight: number;
  readonly backup: boolean;
  readonly failedChecks: number;
}

export interface RecordFigures {
  readonly name: string;
  readonly policy: GslbPolicy;
  readonly sites: readonly SiteFigures[];
}

/** Why a datagram or a message had no answer. */
export const GSLB_DROPS = ['no-query', 'rate', 'busy'] as const;
export type GslbDrop = (typeof GSLB_DROPS)[number];

export interface GslbCounts {
  readonly queries: Readonly<Record<'udp' | 'tcp', number>>;
  readonly replies: Readonly<Record<Rcode, number>>;
  readonly drops: Readonly<Record<GslbDrop, number>>;
  /** Answers that said "come by TCP": too long, or above the rate. */
  readonly truncated: number;
  /** TCP connections, open now. */
  readonly connections: number;
}

export interface GslbFigures extends GslbCounts {
  readonly pid: number;
  readonly records: readonly RecordFigures[];
}
