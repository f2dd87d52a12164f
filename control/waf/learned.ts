/** What `waf_learn` learned, in the file of the events: a row for each thing in each place. */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { type LearnedFact, type LearnedKind, MOST_LEARNED_CLIENTS } from '#model/waf-event.ts';

/** Different values of one kind in one place; a client that makes up names fills no disk. */
const MOST_VALUES = 512;
/** Places of which anything is kept: those of the configuration, and some of those before it. */
const MOST_ROWS = 200_000;

/** All of them, or none. @throws {Error} when the disk refuses them */
export function learnFacts(database: DatabaseSync, facts: readonly LearnedFact[]): void {
  const find = database.prepare('SELECT * FROM learned WHERE place = ? AND kind = ? AND value = ?');
  const count = database.prepare('SELECT count(*) AS n FROM learned WHERE place = ? AND kind = ?');
  const put = database.prepare('INSERT OR REPLACE INTO learned VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const total = database.prepare('SELECT count(*) AS n FROM learned').get()!['n'] as number;
  database.exec('BEGIN');
  try {
    for (const fact of facts) {
      const { place, kind, value } = fact;
      const row = find.get(place, kind, value);
      if (!row && (total >= MOST_ROWS || (count.get(place, kind)!['n'] as number) >= MOST_VALUES)) continue;
      const { requests, flagged, accepted, clients, firstMs, lastMs } = joined(row && factIn(row), fact);
      const numbers = JSON.stringify(clients);
      put.run(
        place,
        kind,
        value,
        requests,
        flagged,
        accepted,
        numbers,
        Math.floor(firstMs),
        Math.floor(lastMs),
      );
    }
    database.exec('COMMIT');
  } catch (fault) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw fault;
  }
}

/** The most frequent of each kind first. */
export function learnedFacts(database: DatabaseSync): LearnedFact[] {
  const isThere = database
    .prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'learned'")
    .get();
  if (!isThere) return [];
  return database
    .prepare('SELECT * FROM learned ORDER BY place, kind, requests DESC, value')
    .all()
    .map(factIn);
}

const factIn = (row: Record<string, SQLOutputValue>): LearnedFact => ({
  place: row['place'] as string,
  kind: row['kind'] as LearnedKind,
  value: row['value'] as string,
  requests: row['requests'] as number,
  flagged: row['flagged'] as number,
  accepted: row['accepted'] as number,
  clients: JSON.parse(row['clients'] as string) as number[],
  firstMs: row['first_ms'] as number,
  lastMs: row['last_ms'] as number,
});

function joined(known: LearnedFact | undefined, more: LearnedFact): LearnedFact {
  if (!known) return more;
  return {
    ...known,
    requests: known.requests + more.requests,
    flagged: known.flagged + more.flagged,
    accepted: known.accepted + more.accepted,
    clients: [...new Set([...known.clients, ...more.clients])].slice(0, MOST_LEARNED_CLIENTS),
    lastMs: Math.max(known.lastMs, more.lastMs),
  };
}
