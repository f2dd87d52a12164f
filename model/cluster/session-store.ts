/** What the L7 tiers of a cluster tell each other, and how. */

export interface StoreAddress {
  readonly address: string;
  readonly port: number;
}

/** Nodes that tell each other without anything between them. */
export interface SessionStoreModel {
  readonly listen: StoreAddress;
  /** At least one; none is `listen`. */
  readonly peers: readonly StoreAddress[];
  /** Known to all nodes; latin1. */
  readonly key: string;
}
