/** The disk as it would be with some other files on it: what is checked before it is written. */
import { existsSync, readFileSync } from 'node:fs';
import { globPaths, matchesGlob } from '#kit/glob.ts';
import { bytesOf } from './host/path-bytes.ts';

export interface Disk {
  /** A latin1 string. @throws {Error} of the file system */
  read(path: string): string;
  /** Sorted by bytes. */
  glob(pattern: string): string[];
  isThere(path: string): boolean;
}

/** @param texts by absolute path, in the place of files or beside them */
export const diskWith = (texts: ReadonlyMap<string, string> = new Map()): Disk => ({
  read: path => texts.get(path) ?? readFileSync(bytesOf(path), 'latin1'),
  isThere: path => texts.has(path) || existsSync(bytesOf(path)),
  glob(pattern) {
    const more = [...texts.keys()].filter(path => matchesGlob(pattern, path));
    return [...new Set([...globPaths(pattern), ...more])].sort((a, b) => (a < b ? -1 : 1));
  },
});
