/** What a scheduler is told of a real server. */

/** One that takes new flows: it lives, and its weight is above 0. */
export interface Candidate {
  readonly id: number;
  /** `ADDRESS PORT`: the same on every director. */
  readonly key: string;
  /** 1..65535 */
  readonly weight: number;
}

/** One with what it bears now. */
export interface LoadedCandidate {
  readonly id: number;
  readonly weight: number;
  /** Connections in state ESTABLISHED, and all others. */
  readonly active: number;
  readonly inactive: number;
}
