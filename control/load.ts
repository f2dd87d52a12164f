/** Reads configuration files from the disk: the only reader in the house. */
import { realpathSync, statSync } from 'node:fs';
import { getSystemErrorMessage } from 'node:util';
import { type CheckResult, checkConfig, type Diagnostic, type Source } from '#config';
import { globPaths } from '#kit/glob.ts';
import { readBounded } from '#kit/read-bounded.ts';
import { hostAddresses } from '#native/host.ts';

import { diskWith } from './disk.ts';
import { checkOptionsOf, type Invocation } from './invocation.ts';

export interface Loaded extends CheckResult {
  /** The configuration files in the order they were read, by path; latin1. */
  readonly texts: ReadonlyMap<string, string>;
  /** Other files that were read with them, certificates and keys: likewise. */
  readonly named: ReadonlyMap<string, string>;
}

/** Texts that are checked in the place of files. Whoever sent them gets to see lines of what they include. */
export interface Trial {
  /** By path; latin1. */
  readonly texts: ReadonlyMap<string, string>;
  /** What they may include lies below. */
  readonly folder: string;
  /** Or is one of these, wherever it lies. */
  readonly known?: ReadonlySet<string> | undefined;
}

/** @throws {Error} when a file is none of this configuration's */
function refuseOutside(path: string, { file }: Invocation, { folder, known, texts }: Trial): void {
  if (path === file || known?.has(path) || texts.has(path)) return;
  const real = realpathSync(Buffer.from(path, 'latin1').toString());
  if (!real.startsWith(`${folder}/`)) throw new Error(`it lies outside of ${folder}`);
}

/** What the checker reads from the disk of this host. */
export const diskSource = (): Source => ({
  read: readText,
  glob: globPaths,
  addresses: hostAddresses,
  isPublic: path => isPublic(path),
});

/** Reads and checks the whole configuration. Never throws for what stands in it, or is missing. */
export function load(invocation: Invocation, trial?: Trial): Loaded {
  const texts = new Map<string, string>();
  const named = new Map<string, string>();
  const source: Source = {
    ...diskSource(),
    ...(trial && { glob: diskWith(trial.texts).glob }),
    read(path, use) {
      if (trial && use === 'configuration') refuseOutside(path, invocation, trial);
      const text = trial?.texts.get(path) ?? readText(path);
      (use === 'configuration' ? texts : named).set(path, text); // certificates and password files are read here too
      return text;
    },
  };
  const result = checkConfig(invocation.file, checkOptionsOf(invocation, source));
  return { ...(isEmpty(texts) ? refusal(invocation.file) : result), texts, named };
}

/** An editor empties a file before it fills it: a reload in that moment must not end all service. */
const isEmpty = (texts: ReadonlyMap<string, string>): boolean =>
  texts.size > 0 && [...texts.values()].every(text => !/^[^\S\n]*[^\s#]/m.test(text));

function refusal(file: string): CheckResult {
  const fault: Diagnostic = {
    severity: 'error',
    code: 'no-block',
    message: 'there is nothing in the configuration',
    hint: 'it needs at least "events { }"',
    file,
    line: 1,
    column: 1,
    length: 1,
  };
  return { model: undefined, diagnostics: [fault] };
}

/** More than any configuration has; what is read takes some forty times as much memory. */
const MOST_BYTES = 64 * 1024 * 1024;

/** What a command line names, as a latin1 string. @param path `-` alone is standard input @throws {Error} of the system, or that it is too large */
export const textNamed = (path: string): string =>
  path === '-' ? readBounded(0, MOST_BYTES).toString('latin1') : readNamed(path);

const readNamed = (path: string): string =>
  readBounded(Buffer.from(path, 'latin1'), MOST_BYTES).toString('latin1');

/** A file's bytes as a latin1 string. @throws {Error} that says why in nginx's words: `(2: no such file or directory)` */
function readText(path: string): string {
  try {
    return readNamed(path);
  } catch (fault) {
    throw new Error(systemReason(fault), { cause: fault });
  }
}

const OTHERS_READ = 0o004;

/** A file that is not there is nobody's secret. */
function isPublic(path: string): boolean {
  const stats = statSync(Buffer.from(path, 'latin1'), { throwIfNoEntry: false });
  return stats !== undefined && (stats.mode & OTHERS_READ) !== 0;
}

/** `(98: address already in use)` for a fault of the system, its message for any other. */
export function systemReason(fault: unknown): string {
  const { errno, message } = fault as NodeJS.ErrnoException;
  return errno === undefined ? message : `(${-errno}: ${getSystemErrorMessage(errno)})`;
}
