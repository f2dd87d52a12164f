/** The sessions there are, in a file that outlives the program; control alone writes it. */

import { readOwnFile, writeOwnFile } from '../owner-file.ts';
import { ROLES } from '../token/token.ts';
import { isAlive, type SessionRecord } from './session.ts';

const MOST_SESSIONS = 512;
const MOST_OF_ONE = 16;
/** When somebody was last seen is written so often. */
const SEEN_EVERY_MS = 60_000;

/** A session as it is shown: nothing in it lets anybody in. */
export type ShownSession = Omit<SessionRecord, 'hash' | 'csrf'>;

export const shownSession = ({ hash: _, csrf: __, ...shown }: SessionRecord): ShownSession => shown;

export class SessionStore {
  readonly #path: string;
  readonly #tell: (message: string) => void;
  #records: readonly SessionRecord[];
  #writtenMs = 0;

  /** A file that cannot be read has no sessions: all log in again. @param tell takes what is to be logged */
  constructor(path: string, tell: (message: string) => void) {
    this.#path = path;
    this.#tell = tell;
    this.#records = this.#read();
  }

  get records(): readonly SessionRecord[] {
    return this.#records;
  }

  alive(nowMs: number): readonly SessionRecord[] {
    return this.#records.filter(one => isAlive(one, nowMs));
  }

  /** The oldest give way: of this user, and of all. */
  add(record: SessionRecord, nowMs: number): void {
    const alive = this.alive(nowMs);
    const own = alive.filter(({ user }) => user === record.user).slice(1 - MOST_OF_ONE);
    const others = alive.filter(({ user }) => user !== record.user);
    const kept = [...others, ...own].sort((a, b) => a.createdMs - b.createdMs).slice(1 - MOST_SESSIONS);
    this.#write([...kept, record]);
  }

  /** @returns those that end */
  end(doomed: (session: SessionRecord) => boolean): readonly SessionRecord[] {
    const gone = this.#records.filter(doomed);
    if (gone.length > 0) this.#write(this.#records.filter(one => !gone.includes(one)));
    return gone;
  }

  change(id: string, change: Partial<SessionRecord>): SessionRecord | undefined {
    this.#write(this.#records.map(one => (one.id === id ? { ...one, ...change } : one)));
    return this.#records.find(one => one.id === id);
  }

  seen(times: ReadonlyMap<string, number>, nowMs: number): void {
    this.#records = this.#records.map(one => {
      const seenMs = Math.min(times.get(one.id) ?? 0, nowMs);
      return seenMs > one.seenMs ? { ...one, seenMs } : one;
    });
    if (nowMs - this.#writtenMs >= SEEN_EVERY_MS) this.#write(this.#records);
  }

  /** What the disk refuses holds all the same, until the program ends: a revoked session does not come back while it runs. */
  #write(records: readonly SessionRecord[]): void {
    this.#records = records;
    this.#writtenMs = Date.now();
    try {
      writeOwnFile(this.#path, records);
    } catch (fault) {
      this.#tell(`the sessions cannot be written: ${(fault as Error).message}`);
    }
  }

  #read(): SessionRecord[] {
    try {
      const found = readOwnFile(this.#path) ?? [];
      if (Array.isArray(found) && found.every(isRecord)) return found;
      throw new Error('it is not a list of sessions');
    } catch (fault) {
      this.#tell(`all sessions have ended: ${this.#path}: ${(fault as Error).message}`);
      return [];
    }
  }
}

const TEXTS = ['id', 'hash', 'csrf', 'user', 'from', 'agent'] as const;
const TIMES = ['createdMs', 'authenticatedMs', 'seenMs'] as const;

function isRecord(value: unknown): value is SessionRecord {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Record<string, unknown>;
  return (
    TEXTS.every(name => typeof record[name] === 'string') &&
    TIMES.every(name => Number.isFinite(record[name])) &&
    /^[0-9a-f]{64}$/.test(String(record['hash'])) &&
    ROLES.some(role => role === record['role'])
  );
}
