/** Writes heads of HTTP/1.x responses. */

import { httpDate } from '../../clock.ts';
import type { HeaderList } from '../../message.ts';
import { phraseOf } from './phrase.ts';

const NONE: ReadonlySet<string> = new Set();
const STATUS_LINES: string[] = [];

function statusLine(status: number, reason: string | undefined): string {
  if (reason !== undefined) return `HTTP/1.1 ${String(status).padStart(3, '0')} ${reason}\r\n`;
  return (STATUS_LINES[status] ??= `HTTP/1.1 ${String(status).padStart(3, '0')} ${phraseOf(status)}\r\n`);
}

/** Status line, Server and Date, then the fields in order; the caller adds framing and the empty line. */
export function responseHead(
  status: number,
  reason: string | undefined,
  server: string,
  wallMs: number,
  headers: HeaderList,
): string {
  let head = statusLine(status, reason);
  if (!headers.has('server') && server !== '') head += `Server: ${server}\r\n`;
  if (!headers.has('date')) head += `Date: ${httpDate(wallMs)}\r\n`;
  return head + headers.linesWithout(NONE);
}
