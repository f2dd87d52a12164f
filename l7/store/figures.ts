/** How a session store stands with its peers, for `moat status`. */

/** Why a call of a peer, or of a stranger, was not heeded. */
export const REFUSALS = ['stranger', 'key', 'rubbish', 'self'] as const;
export type Refusal = (typeof REFUSALS)[number];

export interface PeerFigures {
  readonly name: string;
  /** This node's way to the peer: `down`, a `snapshot` is on its way, or it knows all (`in-step`). */
  readonly told: 'down' | 'snapshot' | 'in-step';
  /** The peer's way to this node. */
  readonly heard: 'down' | 'snapshot' | 'in-step';
  /** Why it is down; undefined when it is not. */
  readonly reason: string | undefined;
  /** From a beat to its answer; undefined while there is none. */
  readonly lagMs: number | undefined;
  readonly entriesSent: number;
  readonly entriesReceived: number;
  /** Batches that were not sent because the peer took nothing any more; it gets a snapshot afterwards. */
  readonly batchesDropped: number;
  readonly snapshotsSent: number;
}

export interface StoreFigures {
  readonly listen: string;
  /** Why nobody can call this node; undefined: one can. */
  readonly listenFault: string | undefined;
  readonly peers: readonly PeerFigures[];
  readonly refused: Readonly<Record<Refusal, number>>;
  /** Changes that had to wait because there were too many of them at a time. */
  readonly postponed: number;
}
