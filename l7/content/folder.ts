/** What is in a folder, as lists of it show. */
import { lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import type { Exchange } from '../exchange.ts';
import { fileFault } from './file-fault.ts';
import { systemPath } from './file-path.ts';

export interface FolderEntry {
  /** Latin1, one char a byte, like all paths. */
  readonly name: string;
  readonly kind: 'directory' | 'file' | 'other';
  readonly bytes: number;
  readonly mtimeMs: number;
}

/**
 * Reads a folder in place, as nginx does; hidden files are left out.
 *
 * Cost: a call of the system for each entry. Times and sizes of links are those of what they lead to.
 *
 * @returns folders first, then by the bytes of the name; or the status of a fault, which is told in the error log
 */
export function readFolder(exchange: Exchange, folder: string): FolderEntry[] | number {
  try {
    const names = visible(folder).map(({ name }) => name);
    const entries = names.map(name => entryOf(exchange, folder, name)).filter(entry => entry !== undefined);
    return entries.toSorted(byKindAndName);
  } catch (error) {
    return tellFault(exchange, folder, error);
  }
}

/** The names of the files of a folder, links left out; or the status of a fault. */
export function filesOf(exchange: Exchange, folder: string): string[] | number {
  try {
    return visible(folder)
      .filter(entry => entry.isFile())
      .map(({ name }) => name);
  } catch (error) {
    // nginx opens it without the slash, and says so.
    return tellFault(exchange, folder.replace(/\/$/, ''), error);
  }
}

const visible = (folder: string) =>
  readdirSync(systemPath(folder), { withFileTypes: true, encoding: 'latin1' }).filter(
    ({ name }) => !name.startsWith('.'),
  );

function tellFault(exchange: Exchange, folder: string, error: unknown): number {
  const { status, reason } = fileFault(error);
  exchange.log(status === 500 ? 'crit' : 'error', `opendir() "${folder}" failed ${reason}`);
  return status;
}

function entryOf(exchange: Exchange, folder: string, name: string): FolderEntry | undefined {
  const path = systemPath(folder + name);
  try {
    // A link that leads nowhere is shown as what it is; a file that has gone meanwhile is not.
    const stats = followed(path) ?? lstatSync(path, { throwIfNoEntry: false });
    if (!stats) return undefined;
    const kind = stats.isDirectory() ? 'directory' : stats.isFile() ? 'file' : 'other';
    return { name, kind, bytes: stats.size, mtimeMs: stats.mtimeMs };
  } catch (error) {
    const { code, reason } = fileFault(error);
    if (code !== 'EACCES') throw error;
    exchange.log('crit', `stat() "${folder}${name}" failed ${reason}`);
    return undefined;
  }
}

function followed(path: string | Buffer): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (fileFault(error).code === 'ELOOP') return undefined;
    throw error;
  }
}

function byKindAndName(one: FolderEntry, other: FolderEntry): number {
  const folders = Number(other.kind === 'directory') - Number(one.kind === 'directory');
  return folders !== 0 ? folders : one.name < other.name ? -1 : 1;
}
