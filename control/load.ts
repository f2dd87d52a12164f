/** Reads configuration files from the disk: the only reader in the house. */
import { readFileSync } from 'node:fs';
import { getSystemErrorMessage } from 'node:util';
import { type CheckResult, checkConfig, type Source } from '#config';
import { globPaths } from '#kit/glob.ts';

import { checkOptionsOf, type Invocation } from './invocation.ts';

export interface Loaded extends CheckResult {
  /** The configuration files in the order they were read, by path; latin1. */
  readonly texts: ReadonlyMap<string, string>;
}

/** Reads and checks the whole configuration. Never throws for what stands in it, or is missing. */
export function load(invocation: Invocation): Loaded {
  const texts = new Map<string, string>();
  const source: Source = {
    read(path, use) {
      const text = readText(path);
      if (use === 'configuration') texts.set(path, text); // certificates and password files are read here too
      return text;
    },
    glob: globPaths,
  };
  return { ...checkConfig(invocation.file, checkOptionsOf(invocation, source)), texts };
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
