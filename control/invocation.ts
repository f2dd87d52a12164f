/** Which configuration a command is about: prefix, file, error log and directives of the command line. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { CheckOptions, Source } from '#config';

/** What the options -p, -c, -e and -g said; latin1 strings. */
export interface Choices {
  readonly prefix?: string | undefined;
  readonly file?: string | undefined;
  readonly errorLog?: string | undefined;
  readonly globals?: string | undefined;
}

export interface Invocation {
  /** Absolute, ends with `/`. */
  readonly prefix: string;
  /** The configuration file; absolute. */
  readonly file: string;
  /** Where errors go until the configuration names a log, and when it names none; `stderr` or an absolute path. */
  readonly errorLog: string;
  readonly globals: string | undefined;
}

export const DEFAULT_PREFIX = '/etc/moat';
/** Below the prefix; the first that exists is taken, else the first. */
export const DEFAULT_FILES = ['moat.conf', 'conf/moat.conf', 'conf/nginx.conf'] as const;
const DEFAULT_ERROR_LOG = 'logs/error.log';

/** Fills in what was not chosen; relative paths start at the prefix, as with nginx. */
export function invocationOf(choices: Choices): Invocation {
  const prefix = withSlash(resolve(choices.prefix ?? DEFAULT_PREFIX));
  const below = (path: string) => resolve(prefix, path);
  const found = DEFAULT_FILES.map(below).find(path => existsSync(path));
  const { errorLog = DEFAULT_ERROR_LOG } = choices;
  return {
    prefix,
    file: choices.file === undefined ? (found ?? below(DEFAULT_FILES[0])) : below(choices.file),
    errorLog: errorLog === 'stderr' ? errorLog : below(errorLog),
    globals: choices.globals,
  };
}

/** What the checker needs to know of an invocation. */
export function checkOptionsOf(invocation: Invocation, source: Source): CheckOptions {
  const { prefix, file, globals } = invocation;
  const asRoot = process.getuid?.() === 0;
  return { source, prefix, confDir: confDirOf(file), asRoot, ...(globals !== undefined && { globals }) };
}

export const confDirOf = (file: string): string => withSlash(dirname(file));

const withSlash = (path: string): string => (path.endsWith('/') ? path : `${path}/`);
