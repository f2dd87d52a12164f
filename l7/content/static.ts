/** Serves files. */
import { closeSync, fstatSync, openSync, type Stats } from 'node:fs';
import type { Exchange } from '../exchange.ts';
import { HeaderList } from '../message.ts';
import type { Phase, Verdict } from '../phase/verdict.ts';
import type { Compiler } from '../tables.ts';
import { escapePath } from '../wire/h1/uri.ts';
import { answerFile } from './file-answer.ts';
import { fileFault, tellFault } from './file-fault.ts';
import { aliasMisfit, filePaths, OPEN_FLAGS, systemPath } from './file-path.ts';
import { indexPhase } from './index-file.ts';
import { type VariantFinder, variantFinder } from './precompressed.ts';
import { locationUrl } from './redirect.ts';
import { refuseMethod } from './refuse-method.ts';
import { type LinkGuard, linkGuard } from './symlinks.ts';

const SLASH = 47;

export function staticContent(_: unknown, compiler: Compiler): Phase {
  const paths = filePaths(compiler);
  const guard = linkGuard(compiler);
  const index = indexPhase(compiler, paths, guard);
  const serving: Serving = {
    guard,
    variants: variantFinder(compiler, guard),
    buffer: compiler.worker.fileBuffer,
  };
  const misfit = aliasMisfit(compiler);
  return exchange => {
    const { method, path } = exchange;
    if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') return refuseMethod(exchange);
    if (misfit?.(exchange)) return 500;
    if (path.charCodeAt(path.length - 1) === SLASH) return index(exchange);
    return answerPath(exchange, paths.path(exchange), serving);
  };
}

/** What a location serves its files with. */
interface Serving {
  readonly guard: LinkGuard | undefined;
  readonly variants: VariantFinder | undefined;
  /** For reading. */
  readonly buffer: Buffer;
}

function answerPath(exchange: Exchange, path: string, { guard, variants, buffer }: Serving): Verdict {
  const variant = variants?.(exchange, path);
  if (variant?.found) return answerFile(exchange, variant.found.fd, variant.found.stats, buffer, variant);
  const link = guard?.(exchange, path);
  if (link) return tellFault(exchange, 'openat', path, link);
  let fd: number;
  try {
    fd = openSync(systemPath(path), OPEN_FLAGS);
  } catch (error) {
    // Others would get the variant, and not the answer that this is to be.
    if (variant?.varies) (exchange.carried ??= new HeaderList()).append('Vary', 'Accept-Encoding');
    return tellFault(exchange, 'open', path, fileFault(error));
  }
  let kept = false;
  try {
    const stats = fstatSync(fd);
    const swapped = guard?.(exchange, path, fd);
    const refused = swapped ? tellFault(exchange, 'openat', path, swapped) : refusal(exchange, path, stats);
    if (refused !== 0) return refused;
    kept = true;
    return answerFile(exchange, fd, stats, buffer, variant);
  } finally {
    if (!kept) closeSync(fd);
  }
}

/** @returns the status when it is no file to be sent, or 0 */
function refusal(exchange: Exchange, path: string, stats: Stats): number {
  if (stats.isDirectory()) {
    const args = exchange.args === '' ? '' : `?${exchange.args}`;
    exchange.redirectTo = locationUrl(exchange, `${escapePath(exchange.path)}/${args}`);
    return 301;
  }
  if (!stats.isFile()) {
    exchange.log('crit', `"${path}" is not a regular file`);
    return 404;
  }
  return exchange.method === 'POST' ? refuseMethod(exchange) : 0;
}
