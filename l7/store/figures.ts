/** How a session store stands, for `moat status` and metrics. */
import type { RedisWay } from '#model/cluster/session-store.ts';

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

export interface PeersFigures {
  readonly kind: 'peers';
  readonly listen: string;
  /** Why nobody can call this node; undefined: one can. */
  readonly listenFault: string | undefined;
  readonly peers: readonly PeerFigures[];
  readonly refused: Readonly<Record<Refusal, number>>;
  /** Changes that had to wait because there were too many of them at a time. */
  readonly postponed: number;
}

/** What was found in Redis and not heeded. */
export const TROUBLES = ['key', 'rubbish'] as const;
export type Trouble = (typeof TROUBLES)[number];

export interface RedisFigures {
  readonly kind: 'redis';
  readonly way: RedisWay;
  /** Those that are configured. */
  readonly servers: readonly string[];
  /** The one that is written to; undefined: none is reached. */
  readonly server: string | undefined;
  /** `catching-up`: what the others have left is being read, or what was lost is being told anew. */
  readonly state: 'down' | 'catching-up' | 'in-step';
  /** Why it is down; undefined when it is not. */
  readonly reason: string | undefined;
  /** Why it takes nothing at present, though it can be read; undefined: it does. */
  readonly writeFault: string | undefined;
  /** From question to answer, the last one; undefined while there is none. */
  readonly lagMs: number | undefined;
  /** Other nodes that something came from. */
  readonly nodes: number;
  readonly entriesSent: number;
  readonly entriesReceived: number;
  /** Times that a server was reached, and that it was lost again. */
  readonly connects: number;
  readonly losses: number;
  /** Messages that it did not take, because its memory was full, say. */
  readonly writesRefused: number;
  readonly refused: Readonly<Record<Trouble, number>>;
  readonly postponed: number;
}

export type StoreFigures = PeersFigures | RedisFigures;
