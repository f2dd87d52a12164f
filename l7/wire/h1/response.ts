/** Reads the head of an HTTP/1.x response from an upstream (RFC 9112 §4, §6). */
import { fieldKey, fieldValue, HeaderList, isKnownField } from '../../message.ts';
import { CHUNKED } from './request.ts';

/** The body ends with the connection. */
export const UNTIL_CLOSE = -2;

export class ResponseHead {
  status = 0;
  reason = '';
  minor: 0 | 1 = 1;
  readonly headers = new HeaderList();
  /** Bytes, CHUNKED or UNTIL_CLOSE, as the fields say; the caller knows whether a body is due at all. */
  bodyLength: number = UNTIL_CLOSE;
  keepAlive = true;
}

/** A response that moat does not pass on: the client gets 502. */
export class UpstreamFault extends Error {}

const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)/;

/** @param text latin1; holds the head from 0 to `end`. @throws {UpstreamFault} */
export function parseResponseHead(text: string, end: number): ResponseHead {
  const head = new ResponseHead();
  const whole = end === text.length ? text : text.slice(0, end);
  if (FORBIDDEN.test(whole)) throw new UpstreamFault('upstream sent a control character in its header');
  let at = readStatusLine(whole, head);
  let length: string | undefined;
  let encoding: string | undefined;
  let connection: string | undefined;
  while (at < end) {
    const newline = whole.indexOf('\n', at);
    const lineEnd = whole.charCodeAt(newline - 1) === 13 ? newline - 1 : newline;
    if (lineEnd === at) break;
    const colon = whole.indexOf(':', at);
    if (colon === -1 || colon >= lineEnd || colon === at)
      throw new UpstreamFault('upstream sent invalid header');
    const name = whole.slice(at, colon);
    if (!isKnownField(name) && /[\s()<>@,;\\"/[\]?={}]/.test(name))
      throw new UpstreamFault('upstream sent invalid header name');
    const key = fieldKey(name);
    const value = fieldValue(whole, colon + 1, lineEnd);
    if (key === 'content-length') {
      if (length !== undefined)
        throw new UpstreamFault('upstream sent duplicate header line: "Content-Length"');
      length = value;
    } else if (key === 'transfer-encoding') {
      if (encoding !== undefined)
        throw new UpstreamFault('upstream sent duplicate header line: "Transfer-Encoding"');
      encoding = value.toLowerCase();
    } else if (key === 'connection')
      connection = connection === undefined ? value.toLowerCase() : `${connection},${value.toLowerCase()}`;
    head.headers.add(name, key, value);
    at = newline + 1;
  }
  settle(head, length, encoding, connection);
  return head;
}

function readStatusLine(text: string, head: ResponseHead): number {
  const newline = text.indexOf('\n');
  const line = text.slice(0, text.charCodeAt(newline - 1) === 13 ? newline - 1 : newline);
  if (line === 'HTTP/1.1 200 OK') {
    head.status = 200;
    head.reason = 'OK';
    return newline + 1;
  }
  const match = /^HTTP\/1\.(\d) (\d{3})(?: (.*))?$/.exec(line);
  if (!match) throw new UpstreamFault('upstream sent no valid HTTP/1.x header');
  head.minor = match[1] === '0' ? 0 : 1;
  head.status = Number(match[2]);
  head.reason = match[3] ?? '';
  return newline + 1;
}

function settle(
  head: ResponseHead,
  length: string | undefined,
  encoding: string | undefined,
  connection: string | undefined,
): void {
  if (encoding !== undefined) {
    if (length !== undefined)
      throw new UpstreamFault(
        'upstream sent "Content-Length" and "Transfer-Encoding" headers at the same time',
      );
    if (encoding !== 'chunked')
      throw new UpstreamFault(`upstream sent unknown "Transfer-Encoding": "${encoding}"`);
    head.bodyLength = CHUNKED;
  } else if (length !== undefined) {
    if (!/^\d{1,15}$/.test(length)) throw new UpstreamFault('upstream sent invalid "Content-Length" header');
    head.bodyLength = Number(length);
  }
  head.keepAlive = head.minor === 1;
  if (connection !== undefined) {
    if (/(^|[,\s])close($|[,\s])/.test(connection)) head.keepAlive = false;
    else if (/(^|[,\s])keep-alive($|[,\s])/.test(connection)) head.keepAlive = true;
  }
}

/** Reads field lines (a trailer section) into a list; malformed ones are left out, for nothing depends on them. */
export function parseFields(text: string, into: HeaderList): void {
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    if (colon > 0 && /^[!#$%&'*+.^`|~\w-]+$/.test(name)) into.append(name, line.slice(colon + 1).trim());
  }
}
