/** Events of the WAF in an SQLite file of bounded size: written by control, read by `moat waf` at any time. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { LearnedFact, WafEvent, WafEventStore } from '#model/waf-event.ts';
import { codeOf, openOwn } from '../own-database.ts';
import { learnFacts } from './learned.ts';

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS event (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    time_ms INTEGER NOT NULL,
    action TEXT NOT NULL,
    client TEXT NOT NULL,
    path TEXT NOT NULL,
    rules TEXT NOT NULL,
    json TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS learned (
    place TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    requests INTEGER NOT NULL,
    flagged INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    clients TEXT NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    PRIMARY KEY (place, kind, value)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS event_id ON event (id);
  CREATE INDEX IF NOT EXISTS event_time ON event (time_ms);
`;

const PAGE_BYTES = 4096;
/** The file is full: this share of the events goes, the oldest first. */
const PRUNED_SHARE = 4;
const SQLITE_FULL = 13;

export class EventStore {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;

  /**
   * @param told of a file that had to be put aside
   * @throws {Error} when the file cannot be made
   */
  constructor({ path, limitBytes }: WafEventStore, told: (message: string) => void) {
    this.#database = openOwn({ path, schema: SCHEMA }, (reason, aside) =>
      told(`the events of the WAF in "${path}" cannot be read (${reason}): put aside as "${aside}"`),
    );
    this.#database.exec(`PRAGMA max_page_count = ${Math.max(64, Math.floor(limitBytes / PAGE_BYTES))}`);
    this.#insert = this.#database.prepare(
      'INSERT INTO event (id, time_ms, action, client, path, rules, json) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
  }

  /** All of them, or none. @throws {Error} when the disk refuses them */
  add(events: readonly WafEvent[]): void {
    try {
      this.#addAll(events);
    } catch (fault) {
      if (codeOf(fault) !== SQLITE_FULL) throw fault;
      this.#prune();
      this.#addAll(events);
    }
  }

  /** Adds to what is known. Of values of one kind in one place the first ones have room. @throws {Error} when the disk refuses them */
  learn(facts: readonly LearnedFact[]): void {
    learnFacts(this.#database, facts);
  }

  close(): void {
    this.#database.close();
  }

  #addAll(events: readonly WafEvent[]): void {
    this.#database.exec('BEGIN');
    try {
      for (const event of events) {
        const rules = `,${event.rules.map(({ id }) => id).join(',')},`;
        const { id, timeMs, action, clientAddress, path } = event;
        this.#insert.run(id, timeMs, action, clientAddress, path, rules, JSON.stringify(event));
      }
      this.#database.exec('COMMIT');
    } catch (fault) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw fault;
    }
  }

  #prune(): void {
    this.#database.exec(
      `DELETE FROM event WHERE seq <= (SELECT max(seq) - (max(seq) - min(seq)) * ${PRUNED_SHARE - 1} / ${PRUNED_SHARE} FROM event)`,
    );
  }
}
