/** `random_index`: one of the files of a folder answers for it. */
import { randomInt } from 'node:crypto';
import { DONE, NEXT, type Phase } from '../phase/verdict.ts';
import type { Compiler } from '../tables.ts';
import type { FilePaths } from './file-path.ts';
import { filesOf } from './folder.ts';

/** @returns undefined where it is off; the phase goes on when the folder holds no file */
export function randomIndex({ location }: Compiler, paths: FilePaths): Phase | undefined {
  if (!location.settings.listing.random) return undefined;
  return exchange => {
    const files = filesOf(exchange, paths.path(exchange));
    if (typeof files === 'number') return files;
    if (files.length === 0) return NEXT;
    exchange.internalRedirect(exchange.path + files[randomInt(files.length)], exchange.args);
    return DONE;
  };
}
