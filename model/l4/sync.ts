/** How two directors keep each other's flows. */

/** One way between the two: several of them carry everything at once. */
export interface SyncPathModel {
  readonly local: string;
  readonly peer: string;
}

export interface SyncModel {
  /** Both have the same; it proves who speaks. */
  readonly key: string;
  /** UDP, of both sides. */
  readonly port: number;
  readonly paths: readonly SyncPathModel[];
  /** So long a node that does not know the other's flows leaves the addresses to that one. */
  readonly waitMs: number;
}
