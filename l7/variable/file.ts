/** Variables of the file that a request's path stands for. */
import { realpathSync } from 'node:fs';
import { systemPath } from '../content/file-path.ts';
import type { Exchange } from '../exchange.ts';
import type { Getter } from './space.ts';

export const FILE_VARIABLES = {
  document_root: exchange => exchange.location.paths.folder(exchange),
  request_filename: exchange => exchange.location.paths.path(exchange),
  realpath_root: realRoot,
} satisfies Record<string, Getter>;

function realRoot(exchange: Exchange): string | undefined {
  const folder = exchange.location.paths.folder(exchange);
  try {
    return realpathSync(systemPath(folder), { encoding: 'buffer' }).toString('latin1');
  } catch (error) {
    exchange.log('crit', `realpath() "${folder}" failed (${(error as Error).message})`);
    return undefined;
  }
}
