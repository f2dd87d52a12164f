/** What the client of a box does, and how it fares: as told by its process. */

export interface TrafficOrder {
  /** Asked in turn; each request by a connection of its own. */
  readonly urls: readonly string[];
  readonly perSecond: number;
  /** Fetched again and again, in one connection each. */
  readonly download: string;
  /** So many connections are held all the time, and asked something every second. */
  readonly kept: number;
}

/** Connections that are held. */
export interface Kept {
  readonly open: number;
  readonly answered: number;
  /** They ended when nobody had said that they would. */
  readonly lost: number;
}

export interface Download {
  readonly bytes: number;
  /** 0 while no answer is there. */
  readonly ofBytes: number;
  readonly proxy: string;
  readonly finished: number;
  readonly broken: number;
}

export interface TrafficReport {
  readonly sent: number;
  readonly answered: number;
  readonly failed: number;
  /** Failures by what was seen: `ECONNRESET`, `status 502`. */
  readonly faults: Readonly<Record<string, number>>;
  /** Good answers by the proxy they came from, and by the server. */
  readonly proxies: Readonly<Record<string, number>>;
  readonly servers: Readonly<Record<string, number>>;
  /** Of the answers of the last second; 0 where there were none. */
  readonly medianMs: number;
  readonly slowestMs: number;
  readonly download: Download;
  readonly kept: Kept;
}

export const NO_TRAFFIC: TrafficReport = {
  sent: 0,
  answered: 0,
  failed: 0,
  faults: {},
  proxies: {},
  servers: {},
  medianMs: 0,
  slowestMs: 0,
  download: { bytes: 0, ofBytes: 0, proxy: '', finished: 0, broken: 0 },
  kept: { open: 0, answered: 0, lost: 0 },
};
