/** Serves files. */
import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';
import type { Exchange } from '../exchange.ts';
import { DONE, type Phase, type Verdict } from '../phase/verdict.ts';
import { Response } from '../response.ts';
import type { Compiler } from '../tables.ts';
import { escapePath } from '../wire/h1/uri.ts';
import { FileBody, readWhole, WHOLE_BYTES } from './file-body.ts';
import { fileFault, tellFault } from './file-fault.ts';
import { filePaths, systemPath } from './file-path.ts';
import { indexPhase } from './index-file.ts';
import { contentTypeOf } from './media-type.ts';
import { locationUrl } from './redirect.ts';
import { type LinkGuard, linkGuard } from './symlinks.ts';

/** A pipe in the place of a file must not hold up the worker. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;
const SLASH = 47;

export function staticContent(_: unknown, compiler: Compiler): Phase {
  const paths = filePaths(compiler);
  const guard = linkGuard(compiler);
  const index = indexPhase(compiler, paths, guard);
  const { label, settings } = compiler.location;
  const aliased = settings.core.alias !== undefined;
  return exchange => {
    const { method, path } = exchange;
    if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') return 405;
    if (aliased && !exchange.prefixHolds) {
      exchange.log('alert', `"alias" cannot be used in location "${label}" where URI was rewritten`);
      return 500;
    }
    if (path.charCodeAt(path.length - 1) === SLASH) return index(exchange);
    return answerPath(exchange, paths.path(exchange), guard);
  };
}

function answerPath(exchange: Exchange, path: string, guard: LinkGuard | undefined): Verdict {
  let fd: number;
  try {
    fd = openSync(systemPath(path), OPEN_FLAGS);
  } catch (error) {
    return tellFault(exchange, 'open', path, fileFault(error));
  }
  let kept = false;
  try {
    const stats = fstatSync(fd);
    const refused = guard?.(exchange, path, fd) ? 403 : refusal(exchange, path, stats);
    if (refused !== 0) return refused;
    kept = true;
    return answerFile(exchange, fd, stats);
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
  return exchange.method === 'POST' ? 405 : 0;
}

/** Answers with an open file. @param fd is closed here */
export function answerFile(exchange: Exchange, fd: number, stats: Stats): Verdict {
  const response = fileResponse(exchange, stats);
  exchange.body?.discard();
  if (!exchange.respond(response, undefined)) {
    closeSync(fd);
  } else if (response.headOnly || stats.size === 0) {
    closeSync(fd);
    exchange.end();
  } else if (response.parts === undefined && stats.size <= WHOLE_BYTES) {
    sendWhole(exchange, fd, stats.size);
  } else {
    const body = new FileBody(exchange, fd, response.parts ?? [{ start: 0, end: stats.size }]);
    exchange.setSource(body);
    body.start();
  }
  return DONE;
}

function sendWhole(exchange: Exchange, fd: number, bytes: number): void {
  try {
    exchange.write(readWhole(fd, bytes));
  } finally {
    closeSync(fd);
  }
  exchange.end();
}

/** Status, type, time and ETag of a file. */
function fileResponse(exchange: Exchange, stats: Stats): Response {
  const response = new Response(200);
  const seconds = Math.floor(stats.mtimeMs / 1000);
  response.setContentType(contentTypeOf(exchange));
  response.contentLength = stats.size;
  response.lastModifiedMs = seconds * 1000;
  if (exchange.location.core.etag)
    response.headers.append('ETag', `"${seconds.toString(16)}-${stats.size.toString(16)}"`);
  response.allowRanges = true;
  response.conditional = true;
  response.readsParts = true;
  return response;
}
