/** Bans in a file: written whole or not at all, read with suspicion. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Ban } from '#l7';
import { bytesOf } from '../host/path-bytes.ts';

const OWNER_ONLY = 0o600;
/** A file with more is not ours. */
const MOST_BYTES = 256 << 20;

/** @returns none where there is no file @throws {Error} when it cannot be read, or holds something else */
export function readBans(path: string): readonly Ban[] {
  let text: string;
  try {
    text = readFileSync(bytesOf(path), 'utf8');
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw fault;
  }
  if (text.length > MOST_BYTES) throw new Error('it is too large');
  const found: unknown = JSON.parse(text);
  if (!Array.isArray(found) || !found.every(isBan)) throw new Error('it holds no list of bans');
  return found;
}

const TIMES = ['sinceMs', 'untilMs', 'lengthMs', 'forgetMs', 'times'] as const;

function isBan(found: unknown): found is Ban {
  if (typeof found !== 'object' || found === null) return false;
  const ban = found as Partial<Record<keyof Ban, unknown>>;
  return typeof ban.key === 'string' && TIMES.every(name => Number.isFinite(ban[name]));
}

/** @throws {Error} of the file system; the file is what it was then */
export function writeBans(path: string, text: string): void {
  mkdirSync(bytesOf(dirname(path)), { recursive: true });
  writeFileSync(bytesOf(`${path}.tmp`), text, { mode: OWNER_ONLY });
  renameSync(bytesOf(`${path}.tmp`), bytesOf(path));
}
