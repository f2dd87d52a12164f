/** Header blocks of responses. */
import { httpDate } from '../../clock.ts';
import type { HeaderList } from '../../message.ts';
import { encodeField, encodeStatus } from './hpack-encoder.ts';

/** What belongs to an HTTP/1 connection has no place here (RFC 9113 §8.2.2). */
const OF_CONNECTION = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
]);

/** Status, Server and Date, then the fields in order. @param contentLength bytes, or negative for none to be told */
export function responseBlock(
  status: number,
  server: string,
  wallMs: number,
  headers: HeaderList,
  contentLength: number,
): string {
  let block = encodeStatus(status);
  if (!headers.has('server') && server !== '') block += encodeField('server', server);
  if (!headers.has('date')) block += encodeField('date', httpDate(wallMs));
  block += fieldBlock(headers);
  return contentLength < 0 ? block : block + encodeField('content-length', String(contentLength));
}

/** Fields alone, as trailers are. */
export function fieldBlock(headers: HeaderList): string {
  const { keys } = headers;
  let block = '';
  for (let at = 0; at < keys.length; at++)
    if (!OF_CONNECTION.has(keys[at]!)) block += encodeField(keys[at]!, headers.valueAt(at));
  return block;
}

/** A 1xx response. */
export function informationBlock(status: number, headers: readonly (readonly [string, string])[]): string {
  let block = encodeStatus(status);
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    if (!OF_CONNECTION.has(key)) block += encodeField(key, value);
  }
  return block;
}
