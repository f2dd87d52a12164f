/** Files by pattern, as glob(3) finds them: `*`, `?`, `[...]` within one level of the path. */
import { lstatSync, readdirSync } from 'node:fs';

const MAGIC = /[*?[]/;
const POSIX_CLASS = /^\[:([a-z]+):\]/;
const POSIX_RANGES: Record<string, string> = {
  alnum: 'a-zA-Z0-9',
  alpha: 'a-zA-Z',
  digit: '0-9',
  lower: 'a-z',
  upper: 'A-Z',
  space: '\\s',
  xdigit: '0-9a-fA-F',
};

/**
 * Lists the files that a pattern names. A leading `.` of a name is only matched by a `.`; `\` takes the sign after it
 * as it is; a folder that cannot be read holds nothing.
 *
 * @param pattern an absolute path, one char a byte, as all paths of a configuration
 * @returns paths that exist, sorted by bytes; empty when nothing matches
 */
export function globPaths(pattern: string): string[] {
  let found = [''];
  for (const level of pattern.split('/').slice(1)) found = found.flatMap(dir => descend(dir, level));
  return found.filter(exists).sort((a, b) => (a < b ? -1 : 1));
}

/** Whether a pattern names this absolute path, whether it exists or not. */
export function matchesGlob(pattern: string, path: string): boolean {
  const levels = pattern.split('/').slice(1);
  const names = path.split('/').slice(1);
  return levels.length === names.length && levels.every((level, at) => matchesLevel(level, names[at]!));
}

function matchesLevel(level: string, name: string): boolean {
  if (!MAGIC.test(level)) return level.replace(/\\(.)/g, '$1') === name;
  return compile(level).test(name) && (!name.startsWith('.') || level.startsWith('.'));
}

function descend(dir: string, level: string): string[] {
  if (!MAGIC.test(level)) return [`${dir}/${level.replace(/\\(.)/g, '$1')}`];
  const matches = compile(level);
  return namesIn(`${dir}/`)
    .filter(name => matches.test(name) && (!name.startsWith('.') || level.startsWith('.')))
    .map(name => `${dir}/${name}`);
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(Buffer.from(dir, 'latin1'), { encoding: 'latin1' });
  } catch {
    return []; // no folder, or none that may be read: glob(3) finds nothing there either
  }
}

function exists(path: string): boolean {
  try {
    lstatSync(Buffer.from(path, 'latin1'));
    return true;
  } catch {
    return false; // not there, or behind a folder that may not be searched: no match either way
  }
}

/** One level of a pattern as a regular expression. */
function compile(level: string): RegExp {
  let source = '';
  for (let at = 0; at < level.length; at++) {
    const char = level[at]!;
    const set = char === '[' ? readSet(level, at) : undefined;
    if (set) [source, at] = [source + set.source, set.end];
    else if (char === '*') source += '[^]*';
    else if (char === '?') source += '[^]';
    else if (char === '\\' && at + 1 < level.length) source += literal(level[++at]!);
    else source += literal(char);
  }
  return new RegExp(`^${source}$`);
}

const literal = (char: string) => char.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&');

/** Reads `[a-z]`, `[!x]`, `[[:digit:]]`; a `[` that is never closed is an ordinary sign. */
function readSet(level: string, from: number): { source: string; end: number } | undefined {
  let at = from + 1;
  let source = '[';
  if (level[at] === '!' || level[at] === '^') {
    source += '^';
    at++;
  }
  for (const first = at; at < level.length; at++) {
    const named = POSIX_CLASS.exec(level.slice(at));
    const range = named && POSIX_RANGES[named[1]!];
    if (level[at] === ']' && at > first) return { source: `${source}]`, end: at };
    if (range) {
      source += range;
      at += named[0].length - 1;
    } else if (level[at] === '-' && at > first && level[at + 1] !== ']') source += '-';
    else source += literal(level[at]!);
  }
  return undefined;
}
