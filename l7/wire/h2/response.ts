/** Header blocks of responses. */
import { httpDate } from '../../clock.ts';
import type { HeaderList } from '../../message.ts';
import { OF_CONNECTION } from './connection-fields.ts';
import { encodeField, encodeStatus } from './hpack-encoder.ts';

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
