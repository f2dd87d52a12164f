/** Small things that outlive moat: a file of JSON each, beside the history of the configuration, written whole or not at all. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { bytesOf } from './path-bytes.ts';

const OWNER_ONLY = 0o600;
const FOLDER_OF_OWNER = 0o700;

/** @param path a latin1 string @returns undefined when there is no file @throws {Error} when there is one that cannot be read */
export function readKept(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(bytesOf(path), 'utf8');
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fault;
  }
  return JSON.parse(text);
}

/** @param value undefined: there is nothing to keep, and no file then @throws {Error} of the file system; the file is what it was then */
export function keepJson(path: string, value: object | undefined): void {
  const place = bytesOf(path);
  if (value === undefined) return rmSync(place, { force: true });
  mkdirSync(bytesOf(dirname(path)), { recursive: true, mode: FOLDER_OF_OWNER });
  const beside = bytesOf(`${path}.tmp`);
  writeFileSync(beside, `${JSON.stringify(value)}\n`, { mode: OWNER_ONLY, flush: true });
  renameSync(beside, place);
}
