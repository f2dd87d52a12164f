/** The response that a file makes. */
import { closeSync, type Stats } from 'node:fs';
import type { Exchange } from '../exchange.ts';
import { DONE, type Verdict } from '../phase/verdict.ts';
import { Response } from '../response.ts';
import { FileBody, readWhole, WHOLE_BYTES } from './file-body.ts';
import { contentTypeOf } from './media-type.ts';
import type { Variant } from './precompressed.ts';

/**
 * Answers with an open file.
 *
 * @param fd is closed here
 * @param buffer for reading
 * @param variant tells the coding that the file is in, and whether there are variants of it
 */
export function answerFile(
  exchange: Exchange,
  fd: number,
  stats: Stats,
  buffer: Buffer,
  variant?: Variant,
): Verdict {
  const response = fileResponse(exchange, stats);
  if (variant?.varies) response.varyByEncoding();
  if (variant?.found) {
    response.headers.append('Content-Encoding', variant.found.token);
    response.allowRanges = false;
  }
  exchange.body?.discard();
  if (!exchange.respond(response, undefined)) {
    closeSync(fd);
  } else if (response.headOnly || stats.size === 0) {
    closeSync(fd);
    exchange.end();
  } else if (response.parts === undefined && stats.size <= WHOLE_BYTES) {
    sendWhole(exchange, fd, stats.size, buffer);
  } else {
    const body = new FileBody(exchange, fd, response.parts ?? [{ start: 0, end: stats.size }], buffer);
    exchange.setSource(body);
    body.start();
  }
  return DONE;
}

function sendWhole(exchange: Exchange, fd: number, bytes: number, buffer: Buffer): void {
  try {
    exchange.write(readWhole(fd, bytes, buffer));
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
