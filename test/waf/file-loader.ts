/** Rules from files, for tests: the engine itself opens none. */
import { readFileSync } from 'node:fs';
import { globPaths } from '#kit/glob.ts';
import type { RuleLoader } from '#waf';

export const fileLoader: RuleLoader = {
  read(path) {
    try {
      return readFileSync(path, 'latin1');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  },
  glob: globPaths,
};
