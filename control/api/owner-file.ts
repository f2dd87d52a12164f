/** A value in a file that only its owner may read: written whole or not at all. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const OWNER_ONLY = 0o600;
/** A larger one is not ours. */
const MOST_BYTES = 16 << 20;

/** @throws {Error} of the file system; the file is what it was then */
export function writeOwnFile(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const half = `${path}.new`;
  writeFileSync(half, `${JSON.stringify(value, undefined, 1)}\n`, { mode: OWNER_ONLY, flush: true });
  chmodSync(half, OWNER_ONLY); // it may have been there, with another mode
  renameSync(half, path);
}

/** @returns undefined where there is none @throws {Error} when it cannot be read, or is no JSON */
export function readOwnFile(path: string): unknown {
  if (!existsSync(path)) return undefined;
  if (statSync(path).size > MOST_BYTES) throw new Error(`${path} is too large`);
  return JSON.parse(readFileSync(path, 'utf8'));
}
