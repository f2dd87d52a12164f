/** `index`: goes on at the file that stands for a folder. */
import { type Stats, statSync } from 'node:fs';
import type { Exchange } from '../exchange.ts';
import { DONE, NEXT, type Phase, type Verdict } from '../phase/verdict.ts';
import type { Compiler } from '../tables.ts';
import { autoindex } from './autoindex.ts';
import { type FileFault, fileFault } from './file-fault.ts';
import { type FilePaths, systemPath } from './file-path.ts';
import { randomIndex } from './random-index.ts';
import type { LinkGuard } from './symlinks.ts';

/** For requests whose path ends with a slash; without an index file they get a list (autoindex) or 403, without the folder 404. */
export function indexPhase(compiler: Compiler, paths: FilePaths, guard: LinkGuard | undefined): Phase {
  const files = compiler.location.settings.core.index.map(compiler.text);
  const random = randomIndex(compiler, paths);
  const list = autoindex(compiler, paths);
  return exchange => {
    const chosen = random?.(exchange) ?? NEXT;
    if (chosen !== NEXT) return chosen;
    const folder = paths.path(exchange);
    let folderSeen = false;
    for (const file of files) {
      const name = file(exchange);
      if (name.startsWith('/')) return goOn(exchange, name);
      const found = guard?.(exchange, folder + name) ?? look(folder + name);
      if (found === 'missing') {
        const refused = folderSeen ? 0 : noFolder(exchange, folder, name);
        if (refused !== 0) return refused;
        folderSeen = true;
        continue;
      }
      if (!isStats(found)) return tellFault(exchange, folder + name, found);
      return goOn(exchange, exchange.path + name);
    }
    if (list && (exchange.method === 'GET' || exchange.method === 'HEAD')) return list(exchange);
    exchange.log('error', `directory index of "${folder}" is forbidden`);
    return 403;
  };
}

function goOn(exchange: Exchange, path: string): Verdict {
  exchange.internalRedirect(path, exchange.args);
  return DONE;
}

const isStats = (found: Stats | FileFault): found is Stats => 'mode' in found;

function look(path: string): Stats | 'missing' | FileFault {
  try {
    return statSync(systemPath(path), { throwIfNoEntry: false }) ?? 'missing';
  } catch (error) {
    return fileFault(error);
  }
}

/** @returns a status, or 0 for a folder that holds no such file */
function noFolder(exchange: Exchange, folder: string, name: string): number {
  const found = look(folder);
  if (found === 'missing') return tellMissing(exchange, folder, name);
  if (!isStats(found) || found.isDirectory()) return 0;
  // An alias without a slash at its end leads to a file here.
  exchange.log('alert', `"${folder}${name}" is not a directory`);
  return 500;
}

function tellMissing(exchange: Exchange, folder: string, name: string): 404 {
  const isFile = folder.endsWith('/') && look(folder.slice(0, -1)) !== 'missing';
  if (exchange.location.core.logNotFound)
    exchange.log(
      'error',
      `"${folder}${name}" is not found ${isFile ? '(20: Not a directory)' : '(2: No such file or directory)'}`,
    );
  return 404;
}

/** nginx is silent about links that it does not follow. */
function tellFault(exchange: Exchange, path: string, { status, code, reason }: FileFault): number {
  if (code === 'EACCES') exchange.log('error', `"${path}" is forbidden ${reason}`);
  else if (status === 404 && exchange.location.core.logNotFound)
    exchange.log('error', `"${path}" is not found ${reason}`);
  else if (status === 500) exchange.log('crit', `stat() "${path}" failed ${reason}`);
  return status;
}
