/** An SQLite file that is the owner's alone. */
import { closeSync, fchmodSync, mkdirSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** What SQLite calls a fault; 0 for one that is not of SQLite. */
export const codeOf = (fault: unknown): number => ((fault as { errcode?: number }).errcode ?? 0) & 0xff;

export interface OwnDatabase {
  readonly path: string;
  /** SQL that makes what is not there yet. */
  readonly schema: string;
  /** Of its folder, where that is to be made. */
  readonly folderMode?: number;
}

/**
 * One that cannot be read is put aside, so that it can be looked at, and a new one is begun.
 *
 * @param told of that: why, and where it is now
 * @throws {Error} when none can be made
 */
export function openOwn(what: OwnDatabase, told: (reason: string, aside: string) => void): DatabaseSync {
  try {
    return prepare(what);
  } catch (fault) {
    if (![SQLITE_CORRUPT, SQLITE_NOTADB].includes(codeOf(fault))) throw fault;
    const aside = `${what.path}.broken-${Date.now()}`;
    renameSync(what.path, aside);
    told((fault as Error).message, aside);
    return prepare(what);
  }
}

/** SQLite gives its other files the mode of this one. */
function prepare({ path, schema, folderMode }: OwnDatabase): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true, mode: folderMode });
  const fd = openSync(path, 'a', 0o600);
  fchmodSync(fd, 0o600);
  closeSync(fd);
  const database = new DatabaseSync(path);
  try {
    database.exec(schema);
    return database;
  } catch (fault) {
    database.close();
    throw fault;
  }
}
