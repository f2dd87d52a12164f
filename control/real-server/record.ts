/** What `moat real-server join` has changed on this host, kept so that `leave` can take it back. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface ChangedSetting {
  readonly path: readonly string[];
  readonly before: string;
  readonly after: string;
}

export interface JoinRecord {
  /** Virtual addresses of this real server. */
  readonly addresses: readonly string[];
  /** Those that join has put on lo: others were there before. */
  readonly added: readonly string[];
  readonly settings: readonly ChangedSetting[];
}

export const NO_RECORD: JoinRecord = { addresses: [], added: [], settings: [] };

/** Gone after a restart of the host, like what it tells of. */
export const RECORD_PATH = '/run/moat/real-server.json';

export function readRecord(path: string): JoinRecord {
  try {
    const read: Partial<JoinRecord> = JSON.parse(readFileSync(path, 'utf8'));
    return { ...NO_RECORD, ...read };
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return NO_RECORD;
    throw new Error(`cannot read ${path}: ${(fault as Error).message}`, { cause: fault });
  }
}

/** Whole or not at all. */
export function writeRecord(path: string, record: JoinRecord): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.tmp`, `${JSON.stringify(record)}\n`);
  renameSync(`${path}.tmp`, path);
}

export const dropRecord = (path: string): void => rmSync(path, { force: true });
