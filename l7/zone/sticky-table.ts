/** Which member of a pool each session belongs to, learned from responses (`sticky learn`). */
import { hash } from 'node:crypto';
import { NONE, openZone, type ZoneTable } from './table.ts';

/** What an entry holds, for createZone(): the member's tag. Session names over 64 bytes are kept as digests. */
export const STICKY_SHAPE = { keyBytesMax: 64, floats: 1, ints: 0 } as const;

/** Of a zone that other moats know, too: when the others were told, and when the session was last used, in ms. */
export const SHARED_STICKY_SHAPE = { ...STICKY_SHAPE, floats: 3 } as const;

/** Float64 cells of an entry. */
export const STICKY_CELL = { tag: 0, toldMs: 1, usedMs: 2 } as const;

/** What find() answers when the session is not known, its time is over, or its member has left the pool. */
export const UNKNOWN = -1;

/**
 * One thread's view of the sessions of a pool. Members are kept by their names, not by their places, so that what was
 * learned outlives a reload that changes the pool. The zone is bounded: full, it forgets the session longest unused.
 * Times are ms of one clock for all threads.
 */
export class StickyTable {
  readonly table: ZoneTable;
  readonly #tags: readonly number[];
  readonly #indexes: ReadonlyMap<number, number>;
  readonly #isShared: boolean;

  /**
   * @param sab made by `createZone(bytes, STICKY_SHAPE)`
   * @param timeoutMs how long a session that is not used is remembered
   * @param names of the members; the first of several of the same name stands for all of them
   * @param owner `ownerOf(threadId)`
   */
  constructor(sab: SharedArrayBuffer, timeoutMs: number, names: readonly string[], owner: number) {
    this.table = openZone(sab, { owner, expireMs: timeoutMs });
    this.#isShared = this.table.floatCount === SHARED_STICKY_SHAPE.floats;
    this.#tags = names.map(tagOf);
    this.#indexes = new Map(this.#tags.map((tag, index) => [tag, index] as const).reverse());
  }

  /** The index of the member that `session` (latin1) belongs to, or UNKNOWN; being asked for renews the session. */
  find(session: string, nowMs: number): number {
    const table = this.table;
    table.lock.acquire();
    try {
      const entry = table.find(session, nowMs);
      if (entry === NONE) return UNKNOWN;
      table.touch(entry, nowMs);
      if (this.#isShared) table.floats[table.floatAt(entry) + STICKY_CELL.usedMs] = nowMs;
      return this.#indexes.get(table.floats[table.floatAt(entry)]!) ?? UNKNOWN;
    } finally {
      table.lock.release();
    }
  }

  /** From now on `session` belongs to the member, whatever was learned before. An empty name is no session. */
  learn(session: string, member: number, nowMs: number): void {
    if (session.length === 0) return;
    const table = this.table;
    table.lock.acquire();
    try {
      let entry = table.find(session, nowMs);
      if (entry === NONE) entry = table.insert(nowMs);
      else table.touch(entry, nowMs);
      this.#bind(table.floatAt(entry), this.#tags[member]!, nowMs);
    } finally {
      table.lock.release();
    }
  }

  #bind(at: number, tag: number, nowMs: number): void {
    const { floats } = this.table;
    if (this.#isShared) {
      if (floats[at] !== tag) floats[at + STICKY_CELL.toldMs] = 0;
      floats[at + STICKY_CELL.usedMs] = nowMs;
    }
    floats[at] = tag;
  }

  /** Forgets the session; says whether it was known. */
  forget(session: string, nowMs: number): boolean {
    const table = this.table;
    table.lock.acquire();
    try {
      const entry = table.find(session, nowMs);
      if (entry !== NONE) table.remove(entry);
      return entry !== NONE;
    } finally {
      table.lock.release();
    }
  }
}

/** 52 bits of the name's SHA-256: a number that a Float64 cell holds exactly, and that no two names will share. */
export function tagOf(name: string): number {
  return Number.parseInt(hash('sha256', name, 'hex').slice(0, 13), 16);
}
