/** How texts of rules reach the engine, which opens no file itself. */
import { posix } from 'node:path';

/** Gives texts by path: one char a byte (latin1). */
export interface RuleLoader {
  /** @returns undefined when there is no such file */
  read(path: string): string | undefined;
  /** @returns the paths that a pattern of `Include` names, sorted by bytes; a path without `*?[` names itself if it exists */
  glob(pattern: string): readonly string[];
}

/** A path as a directive of `file` means it: relative to that file. */
export const pathFrom = (file: string, path: string): string =>
  posix.isAbsolute(path) ? path : posix.join(posix.dirname(file), path);

/** A loader over texts at hand: for rules that moat brings along, and for tests. */
export function loaderOf(texts: Readonly<Record<string, string>>): RuleLoader {
  return {
    read: path => texts[path],
    glob(pattern) {
      const expression = pattern
        .replace(/[.+^${}()|\\]/g, '\\$&')
        .replace(/\*/g, '[^/]*')
        .replace(/\?/g, '[^/]');
      const matches = new RegExp(`^${expression}$`);
      return Object.keys(texts)
        .filter(path => matches.test(path))
        .sort();
    },
  };
}
