/** Range requests (RFC 9110 §14): 206 with the bytes asked for, or 416. */
import { randomBytes } from 'node:crypto';
import type { Exchange } from '../exchange.ts';
import type { BodyPart, BodySink, Response } from '../response.ts';
import type { Compiler, HeaderFilter } from '../tables.ts';
import { parseHttpDate } from '../wire/http-date.ts';
import { type ByteRange, parseRanges } from './byte-ranges.ts';

export function rangeFilter({ location }: Compiler): HeaderFilter | undefined {
  const most = location.settings.core.maxRanges ?? Number.POSITIVE_INFINITY;
  if (most === 0) return undefined;
  return (exchange, response) => {
    if (
      exchange.main !== exchange ||
      !response.allowRanges ||
      response.status !== 200 ||
      response.contentLength < 0
    )
      return 0;
    const { headers } = exchange.head;
    const range = headers.get('range');
    const asked =
      range !== undefined && /^bytes=./i.test(range) && conditionHolds(headers.get('if-range'), response);
    const ranges = asked
      ? parseRanges(range.slice(6), response.contentLength, response.readsParts ? most : 1)
      : 'whole';
    if (ranges === 'whole') {
      response.headers.set('Accept-Ranges', 'bytes');
      return 0;
    }
    if (ranges === 'unsatisfiable') {
      exchange.contentRange = `bytes */${response.contentLength}`;
      return 416;
    }
    response.status = 206;
    response.reason = undefined;
    response.headers.remove('content-range');
    if (ranges.length === 1) toSinglePart(exchange, response, ranges[0]!);
    else toMultipart(response, ranges);
    return 0;
  };
}

/** RFC 9110 §13.1.5: an ETag is compared strongly, a date exactly. */
function conditionHolds(ifRange: string | undefined, { headers, lastModifiedMs }: Response): boolean {
  if (ifRange === undefined) return true;
  if (ifRange.length >= 2 && ifRange.endsWith('"')) return headers.get('etag') === ifRange;
  return lastModifiedMs !== undefined && parseHttpDate(ifRange) === lastModifiedMs;
}

function toSinglePart(exchange: Exchange, response: Response, range: ByteRange): void {
  const { start, end } = range;
  response.headers.append('Content-Range', `bytes ${start}-${end - 1}/${response.contentLength}`);
  response.contentLength = end - start;
  if (response.readsParts) response.parts = [range];
  else exchange.addFilter(next => new CutSink(next, range));
}

/** RFC 9110 §14.6. */
function toMultipart(response: Response, ranges: readonly ByteRange[]): void {
  const boundary = randomBytes(10).toString('hex');
  const type = response.headers.get('content-type');
  const parts: BodyPart[] = [];
  for (const range of ranges) {
    const typeLine = type === undefined ? '' : `Content-Type: ${type}\r\n`;
    const place = `bytes ${range.start}-${range.end - 1}/${response.contentLength}`;
    parts.push(`\r\n--${boundary}\r\n${typeLine}Content-Range: ${place}\r\n\r\n`, range);
  }
  parts.push(`\r\n--${boundary}--\r\n`);
  response.parts = parts;
  response.contentLength = parts.reduce((bytes, part) => bytes + bytesOf(part), 0);
  response.setContentType(`multipart/byteranges; boundary=${boundary}`);
}

const bytesOf = (part: BodyPart) => (typeof part === 'string' ? part.length : part.end - part.start);

/** Lets one range of a body through. */
class CutSink implements BodySink {
  readonly #next: BodySink;
  readonly #range: ByteRange;
  #at = 0;

  constructor(next: BodySink, range: ByteRange) {
    this.#next = next;
    this.#range = range;
  }

  write(data: Buffer): boolean {
    const from = Math.max(0, this.#range.start - this.#at);
    const to = Math.min(data.length, this.#range.end - this.#at);
    this.#at += data.length;
    return from < to ? this.#next.write(data.subarray(from, to)) : true;
  }

  end(): void {
    this.#next.end();
  }
}
