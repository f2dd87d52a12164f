/** What a watcher of addresses says to whoever has started it. */

/** Which of the addresses the kernel has there now, and no fence shuts in. */
export interface Sight {
  readonly atMs: number;
  /** When it had looked last, and seen what was before. */
  readonly beforeMs: number;
  readonly held: readonly string[];
}

/** It answers a question: all until now has been said. */
export const ALL_TOLD = 'all told';
