/** `disable_symlinks`: refuses paths that lead through symbolic links. */
import { lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import type { Exchange } from '../exchange.ts';
import type { Compiler } from '../tables.ts';
import { systemPath } from './file-path.ts';

/**
 * Says whether a path is refused.
 *
 * @param fd the file, when it is open already: then it is also certain that nobody put a link there meanwhile
 */
export type LinkGuard = (exchange: Exchange, path: string, fd?: number) => boolean;

/** @returns undefined where all links are followed */
export function linkGuard({ location, text }: Compiler): LinkGuard | undefined {
  const { refuse, from } = location.settings.core.disableSymlinks;
  if (refuse === 'none') return undefined;
  const trusted = from === undefined ? () => '' : text(from);
  return (exchange, path, fd) => {
    const prefix = trusted(exchange);
    const skip = prefix !== '' && path.startsWith(prefix) ? prefix.length : 0;
    if (fd !== undefined && refuse === 'all' && openedElsewhere(fd, path, skip)) return true;
    return hasRefusedLink(path, skip, refuse);
  };
}

function hasRefusedLink(path: string, skip: number, refuse: 'all' | 'other-owner'): boolean {
  for (let end = path.indexOf('/', skip + 1); ; end = path.indexOf('/', end + 1)) {
    const part = systemPath(end === -1 ? path : path.slice(0, end));
    const own = lstatSync(part, { throwIfNoEntry: false });
    if (!own) return false;
    if (own.isSymbolicLink()) {
      if (refuse === 'all') return true;
      if (statSync(part, { throwIfNoEntry: false })?.uid !== own.uid) return true;
    }
    if (end === -1) return false;
  }
}

/** The kernel tells where an open file really is. */
function openedElsewhere(fd: number, path: string, skip: number): boolean {
  const real = readlinkSync(`/proc/self/fd/${fd}`, 'latin1');
  const head = skip === 0 ? '' : realpathSync(systemPath(path.slice(0, skip)), 'latin1');
  return real !== posix.normalize(head + path.slice(skip));
}
