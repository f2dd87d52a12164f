/** `try_files`: the first of some files that exists becomes the request's path; otherwise the request goes on elsewhere. */
import { statSync } from 'node:fs';
import { fileFault } from '../content/file-fault.ts';
import { aliasMisfit, type FilePaths, filePaths, systemPath } from '../content/file-path.ts';
import { type LinkGuard, linkGuard } from '../content/symlinks.ts';
import type { Exchange } from '../exchange.ts';
import type { Compiler } from '../tables.ts';
import type { Text } from '../variable/space.ts';
import { DONE, NEXT, type Phase, type Verdict } from './verdict.ts';

export function tryFiles(compiler: Compiler): Phase | undefined {
  const model = compiler.location.tryFiles;
  if (!model) return undefined;
  const paths = filePaths(compiler);
  const guard = linkGuard(compiler);
  const misfit = aliasMisfit(compiler);
  const nameOf = (path: (typeof model.files)[number]['path']): Text =>
    typeof path === 'string' || paths.replacedBytes === 0
      ? compiler.text(path)
      : withoutPrefix(compiler.text(path), paths.replacedBytes);
  const files = model.files.map(({ path, directory }) => ({ name: nameOf(path), directory }));
  const last = 'status' in model.last ? model.last.status : nameOf(model.last.target);
  return exchange => {
    if (misfit?.(exchange)) return 500;
    const folder = paths.folder(exchange);
    for (const { name, directory } of files) {
      const found = name(exchange);
      if (kindOf(exchange, folder + found, guard) !== (directory ? 'folder' : 'file')) continue;
      take(exchange, found, directory, paths);
      return NEXT;
    }
    return typeof last === 'number' ? last : goOn(exchange, last(exchange));
  };
}

/** With `alias`, the part of a name that the location matched is replaced, as it is in URIs. */
function withoutPrefix(name: Text, bytes: number): Text {
  return exchange => {
    const text = name(exchange);
    return text.startsWith(exchange.path.slice(0, bytes)) ? text.slice(bytes) : text;
  };
}

function kindOf(
  exchange: Exchange,
  path: string,
  guard: LinkGuard | undefined,
): 'folder' | 'file' | undefined {
  try {
    const link = guard?.(exchange, path);
    if (link?.status === 403) exchange.log('crit', `openat() "${path}" failed ${link.reason}`);
    const stats = link ? undefined : statSync(systemPath(path), { throwIfNoEntry: false });
    return stats && (stats.isDirectory() ? 'folder' : 'file');
  } catch (error) {
    const fault = fileFault(error);
    if (fault.status !== 404) exchange.log('crit', `stat() "${path}" failed ${fault.reason}`);
    return undefined;
  }
}

function take(exchange: Exchange, name: string, directory: boolean, paths: FilePaths): void {
  if (!paths.wholeAlias) exchange.path = exchange.path.slice(0, paths.replacedBytes) + name;
  else if (!directory) {
    exchange.path = name;
    exchange.addPathToAlias = true;
  }
}

function goOn(exchange: Exchange, target: string): Verdict {
  if (target.startsWith('@')) {
    if (exchange.namedLocation(target)) return DONE;
    exchange.log('error', `could not find named location "${target}"`);
    return 500;
  }
  const question = target.indexOf('?');
  if (question === -1) exchange.internalRedirect(target, '');
  else exchange.internalRedirect(target.slice(0, question), target.slice(question + 1));
  return DONE;
}
