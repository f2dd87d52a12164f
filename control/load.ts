/** Reads configuration files from the disk: the only reader in the house. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { type CheckResult, checkConfig, type Source } from '#config';
import { glob } from './glob.ts';
import { checkOptionsOf, confDirOf, type Invocation } from './invocation.ts';

export interface Loaded extends CheckResult {
  /** The configuration files in the order they were read, by path; latin1. */
  readonly texts: ReadonlyMap<string, string>;
}

/** Reads and checks the whole configuration. Never throws for what stands in it, or is missing. */
export function load(invocation: Invocation): Loaded {
  const { file } = invocation;
  const texts = new Map<string, string>();
  const parts = new Set([file]);
  const source: Source = {
    read(path) {
      const text = readText(path);
      if (parts.has(path)) texts.set(path, text); // certificates and password files are read here too
      return text;
    },
    glob(pattern) {
      const found = glob(resolve(confDirOf(file), pattern));
      for (const path of found) parts.add(path);
      return found;
    },
  };
  return { ...checkConfig(file, checkOptionsOf(invocation, source)), texts };
}

/** A file's bytes as a latin1 string. @throws {Error} that says why in nginx's words: `(2: no such file or directory)` */
function readText(path: string): string {
  try {
    return readFileSync(Buffer.from(path, 'latin1'), 'latin1');
  } catch (fault) {
    throw new Error(systemReason(fault), { cause: fault });
  }
}

/** `(98: address already in use)` for a fault of the system, its message for any other. */
export function systemReason(fault: unknown): string {
  const { errno, message } = fault as NodeJS.ErrnoException;
  return errno === undefined ? message : `(${-errno}: ${getSystemErrorMessage(errno)})`;
}
