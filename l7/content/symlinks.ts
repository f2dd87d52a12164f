/** `disable_symlinks`: refuses paths that lead through symbolic links. */
import { lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import type { Exchange } from '../exchange.ts';
import type { Compiler } from '../tables.ts';
import { type FileFault, faultOf, fileFault } from './file-fault.ts';
import { systemPath } from './file-path.ts';

/**
 * Looks for links before a file is opened.
 *
 * @param fd the file, when it is open: then it is also certain that nobody put a link there meanwhile
 * @returns the fault that the path has, as if the link could not be gone through
 */
export type LinkGuard = (exchange: Exchange, path: string, fd?: number) => FileFault | undefined;

/** @returns undefined where all links are followed */
export function linkGuard({ location, text }: Compiler): LinkGuard | undefined {
  const { refuse, from } = location.settings.core.disableSymlinks;
  if (refuse === 'none') return undefined;
  const trusted = from === undefined ? () => '' : text(from);
  return (exchange, path, fd) => {
    const skip = trustedBytes(path, trusted(exchange));
    if (skip === path.length) return undefined;
    try {
      if (fd === undefined) return refuse === 'all' ? anyLink(path, skip) : foreignLink(path, skip);
      return refuse === 'all' && openedElsewhere(fd, path, skip) ? IS_LINK : undefined;
    } catch (error) {
      return fileFault(error);
    }
  };
}

/** How much of a path is trusted: whole parts of it, without the slash after them. */
function trustedBytes(path: string, prefix: string): number {
  if (prefix === '' || !path.startsWith(prefix)) return 0;
  const end = prefix.endsWith('/') ? prefix.length - 1 : prefix.length;
  return path.length === prefix.length ? path.length : path[end] === '/' ? end : 0;
}

/** What the kernel says of a link at the end of a path, and of one within it, when it may not follow. */
const IS_LINK = faultOf('ELOOP');
const IN_LINK = faultOf('ENOTDIR');

function anyLink(path: string, skip: number): FileFault | undefined {
  for (const end of partsOf(path, skip)) {
    const own = lstatSync(systemPath(path.slice(0, end)), { throwIfNoEntry: false });
    if (!own) return undefined;
    if (own.isSymbolicLink()) return end === path.length ? IS_LINK : IN_LINK;
  }
  return undefined;
}

/** A link that belongs to another than what it points to. */
function foreignLink(path: string, skip: number): FileFault | undefined {
  for (const end of partsOf(path, skip)) {
    const part = systemPath(path.slice(0, end));
    const own = lstatSync(part, { throwIfNoEntry: false });
    if (!own) return undefined;
    if (!own.isSymbolicLink()) continue;
    const target = statSync(part, { throwIfNoEntry: false });
    if (!target) return undefined;
    if (target.uid !== own.uid) return IS_LINK;
  }
  return undefined;
}

/** The positions where the parts of a path end, its own end last. */
function* partsOf(path: string, skip: number): Generator<number> {
  // The part before a closing slash is looked at without it: with it the system would follow a link.
  for (let end = path.indexOf('/', skip + 1); end !== -1; end = path.indexOf('/', end + 1)) yield end;
  yield path.length;
}

/** The kernel tells where an open file really is. */
function openedElsewhere(fd: number, path: string, skip: number): boolean {
  const real = readlinkSync(`/proc/self/fd/${fd}`, 'latin1');
  const head = skip === 0 ? '' : realpathSync(systemPath(path.slice(0, skip)), 'latin1');
  const named = posix.normalize(`${head}/${path.slice(skip)}`);
  return real !== (named.length > 1 && named.endsWith('/') ? named.slice(0, -1) : named);
}
