/** Reads the events that a running or ended moat has kept. */
import { existsSync } from 'node:fs';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import type { LearnedFact, WafEvent } from '#model/waf-event.ts';
import { learnedFacts } from './learned.ts';

export interface EventQuestion {
  readonly sinceMs?: number | undefined;
  readonly action?: string | undefined;
  readonly rule?: number | undefined;
  /** What a path begins with. */
  readonly path?: string | undefined;
  readonly client?: string | undefined;
  /** The newest so many. */
  readonly limit?: number | undefined;
}

const CONDITIONS: readonly (readonly [keyof EventQuestion, string])[] = [
  ['sinceMs', 'time_ms >= ?'],
  ['action', 'action = ?'],
  ['rule', "instr(rules, ',' || ? || ',') > 0"],
  ['path', 'substr(path, 1, length(?1)) = ?1'],
  ['client', 'client = ?'],
];

/** Events of earlier versions lack some fields. */
const eventIn = (row: Record<string, SQLOutputValue>): WafEvent => ({
  source: 'rules',
  reason: '',
  server: '',
  ...(JSON.parse(row['json'] as string) as Omit<WafEvent, 'source' | 'reason' | 'server'>),
});

export class EventReader {
  readonly #database: DatabaseSync;

  /** @throws {Error} when there is no such file, or it cannot be read */
  constructor(path: string) {
    if (!existsSync(path)) throw new Error(`"${path}" is not there: no event was kept yet`);
    this.#database = new DatabaseSync(path, { readOnly: true });
  }

  /** Newest first. @param before only those older than the event of this id */
  find(question: EventQuestion, before?: string): WafEvent[] {
    const asked = CONDITIONS.filter(([key]) => question[key] !== undefined);
    const where = asked.map(([, sql]) => sql.replaceAll('?1', '?')).join(' AND ') || 'true';
    const older = before === undefined ? '' : ' AND seq < (SELECT max(seq) FROM event WHERE id = ?)';
    const values = asked.flatMap(([key, sql]) => {
      // A number is bound as a real one, which is another text.
      const value = key === 'rule' ? String(question[key]) : question[key]!;
      return sql.includes('?1') ? [value, value] : [value];
    });
    return this.#database
      .prepare(`SELECT json FROM event WHERE ${where}${older} ORDER BY seq DESC LIMIT ?`)
      .all(...values, ...(before === undefined ? [] : [before]), question.limit ?? -1)
      .map(eventIn);
  }

  /** By id, or by the beginning of one when only one begins so. @throws {Error} when several do */
  byId(id: string): WafEvent | undefined {
    const rows = this.#database
      .prepare('SELECT json FROM event WHERE id >= ? AND id < ? ORDER BY seq DESC LIMIT 2')
      .all(id, `${id}\uffff`);
    if (rows.length > 1) throw new Error(`several events begin with "${id}": write more of it`);
    return rows[0] && eventIn(rows[0]);
  }

  /** What `waf_learn` learned. */
  learned(): LearnedFact[] {
    return learnedFacts(this.#database);
  }

  close(): void {
    this.#database.close();
  }
}
