/** Configurations that came into force, in an SQLite file of bounded size. They hold secrets, so it is the owner's alone. */
import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { deflateSync, inflateSync } from 'node:zlib';
import { openOwn } from '../own-database.ts';
import { databasePath, type Texts } from './place.ts';

/** `by-hand` and `canary` never came into force: the one lay on the disk when other texts were written there, the other was tried. */
export const REASONS = [
  'start',
  'reload',
  'apply',
  'rollback',
  'unconfirmed',
  'by-hand',
  'canary',
  'restore',
] as const;
export type Reason = (typeof REASONS)[number];

export interface RevisionHead {
  /** Counts up, and is never used again. */
  readonly id: number;
  /** ms since 1970 */
  readonly atMs: number;
  /** As in the audit log: `token NAME (ID)`, `socket`, `signal`. */
  readonly who: string;
  readonly why: Reason;
  /** '' where nobody said anything. */
  readonly message: string;
  readonly digest: string;
}

export interface Revision extends RevisionHead {
  readonly texts: Texts;
}

export const MOST_REVISIONS = 500;
/** Of all texts, deflated. */
export const MOST_BYTES = 64 << 20;
const PAGE_BYTES = 4096;

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA busy_timeout = 2000;
  PRAGMA max_page_count = ${(2 * MOST_BYTES) / PAGE_BYTES};
  CREATE TABLE IF NOT EXISTS revision (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL,
    message TEXT NOT NULL,
    digest TEXT NOT NULL,
    texts BLOB NOT NULL
  );
`;
const HEAD = 'id, at_ms AS atMs, who, why, message, digest';

/** Equal texts under equal paths have equal digests. */
export const digestOf = (texts: Texts): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(texts)))
    .digest('hex')
    .slice(0, 16);

const sorted = (texts: Texts) => [...texts].sort(([a], [b]) => (a < b ? -1 : 1));

export class HistoryStore {
  readonly #database: DatabaseSync;

  /**
   * @param folder of the history, a latin1 string
   * @param told of a file that cannot be read, and is put aside
   * @throws {Error} when none can be made
   */
  constructor(folder: string, told: (message: string) => void) {
    const path = databasePath(folder);
    this.#database = openOwn({ path, schema: SCHEMA, folderMode: 0o700 }, (reason, aside) =>
      told(`"${path}" is damaged (${reason}): put aside as "${aside}"`),
    );
  }

  /**
   * Keeps a configuration; the oldest ones make room for it.
   *
   * @param keep ids that stay, however old
   * @returns its id @throws {Error} when the disk refuses it
   */
  add(head: Omit<RevisionHead, 'id' | 'digest'>, texts: Texts, keep: readonly number[] = []): number {
    const { atMs, who, why, message } = head;
    const bytes = deflateSync(Buffer.from(JSON.stringify([...texts])));
    const insert = this.#database.prepare(
      'INSERT INTO revision (at_ms, who, why, message, digest, texts) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#prune(bytes.length, keep);
    const { lastInsertRowid } = insert.run(atMs, who, why, message, digestOf(texts), bytes);
    return Number(lastInsertRowid);
  }

  /** The newest first. @param before an id: only those that are older */
  list(limit: number, before = Number.MAX_SAFE_INTEGER): RevisionHead[] {
    return this.#database
      .prepare(`SELECT ${HEAD} FROM revision WHERE id < ? ORDER BY id DESC LIMIT ?`)
      .all(before, limit)
      .map(row => ({ ...row }) as unknown as RevisionHead);
  }

  /** The newest one that came into force; undefined when there is none. */
  newest(): RevisionHead | undefined {
    const row = this.#database
      .prepare(`SELECT ${HEAD} FROM revision WHERE why NOT IN ('by-hand', 'canary') ORDER BY id DESC LIMIT 1`)
      .get();
    return row && ({ ...row } as unknown as RevisionHead);
  }

  /** @throws {Error} when its texts cannot be read */
  find(id: number): Revision | undefined {
    const row = this.#database.prepare(`SELECT ${HEAD}, texts FROM revision WHERE id = ?`).get(id);
    if (!row) return undefined;
    const { texts, ...head } = row as unknown as RevisionHead & { readonly texts: Uint8Array };
    return { ...head, texts: new Map(JSON.parse(inflateSync(texts).toString())) };
  }

  close(): void {
    this.#database.close();
  }

  #prune(needBytes: number, keep: readonly number[]): void {
    const rows = this.#database.prepare('SELECT id, length(texts) AS bytes FROM revision ORDER BY id').all();
    let bytes = rows.reduce((sum, row) => sum + Number(row['bytes']), needBytes);
    let count = rows.length + 1;
    for (const row of rows) {
      if (count <= MOST_REVISIONS && bytes <= MOST_BYTES) return;
      if (keep.includes(Number(row['id']))) continue;
      this.#database.prepare('DELETE FROM revision WHERE id = ?').run(Number(row['id']));
      count--;
      bytes -= Number(row['bytes']);
    }
  }
}
