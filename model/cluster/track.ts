/** What an instance watches: a fault takes it out of the election, a weight changes its priority. */

export type TrackQuestion =
  | { readonly type: 'interface'; readonly interface: string }
  | { readonly type: 'script'; readonly script: string }
  /** Runs under this name, or has it as the first word of its command line. */
  | { readonly type: 'process'; readonly process: string }
  /** Holds a number. */
  | { readonly type: 'file'; readonly path: string }
  /** A route of the main table, exactly. */
  | { readonly type: 'route'; readonly destination: string; readonly prefixBits: number }
  /** Some real server is up, or the quorum is there: of one virtual server, or of each. */
  | { readonly type: 'l4'; readonly service: string | undefined; readonly quorum: boolean }
  /** The L7 tier can answer. */
  | { readonly type: 'l7' }
  /** How ill this node is, by the worst of these; undefined: it does not count. */
  | ({ readonly type: 'health' } & HealthLimits);

/** From where on a measure counts, and where it is as bad as it gets. */
export interface HealthRange {
  readonly from: number;
  readonly to: number;
}

export interface HealthLimits {
  /** Of all cores: 0..1. */
  readonly cpu: HealthRange | undefined;
  /** In use and not to be had back: 0..1. */
  readonly memory: HealthRange | undefined;
  /** Until the slowest worker of the L7 tier answers: ms. */
  readonly lag: HealthRange | undefined;
  /** Answers of 5xx among all: 0..1. */
  readonly errors: HealthRange | undefined;
}

export interface TrackModel {
  /** As written: `interface eth1`. */
  readonly name: string;
  readonly question: TrackQuestion;
  /** -253..253: added when it is positive and all is well, or when it is negative and it is not; undefined: a fault. */
  readonly weight: number | undefined;
}

/** A program whose exit code 0 says that all is well. */
export interface TrackScriptModel {
  readonly name: string;
  readonly command: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
  readonly user: string | undefined;
}
