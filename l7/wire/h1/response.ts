/** Reads the head of an HTTP/1.x response from an upstream (RFC 9112 §4, §6). */
import { fieldKey, isKnownField } from '../../field-names.ts';
import { fieldValue, HeaderList } from '../../message.ts';
import { CHUNKED } from './request-head.ts';

/** The body ends with the connection. */
export const UNTIL_CLOSE = -2;

export class ResponseHead {
  status = 0;
  reason = '';
  minor: 0 | 1 = 1;
  readonly headers: HeaderList;
  /** Bytes, CHUNKED or UNTIL_CLOSE, as the fields say; the caller knows whether a body is due at all. */
  bodyLength: number = UNTIL_CLOSE;
  keepAlive = true;

  constructor(headers = new HeaderList()) {
    this.headers = headers;
  }
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
  const says = new AnswerFraming();
  while (at < end) {
    const newline = whole.indexOf('\n', at);
    const lineEnd = whole.charCodeAt(newline - 1) === 13 ? newline - 1 : newline;
    if (lineEnd === at) break;
    const colon = whole.indexOf(':', at);
    if (colon === -1 || colon >= lineEnd || colon === at)
      throw new UpstreamFault(`upstream sent invalid header: "${whole.slice(at, lineEnd).slice(0, 64)}"`);
    const name = whole.slice(at, colon);
    if (!isKnownField(name) && /[\s()<>@,;\\"/[\]?={}]/.test(name))
      throw new UpstreamFault('upstream sent invalid header name');
    const key = fieldKey(name);
    const value = fieldValue(whole, colon + 1, lineEnd);
    says.note(key, value);
    head.headers.add(name, key, value);
    at = newline + 1;
  }
  says.settle(head);
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
  if (!match) throw new UpstreamFault('upstream sent no valid HTTP/1.0 header');
  head.minor = match[1] === '0' ? 0 : 1;
  head.status = Number(match[2]);
  head.reason = match[3] ?? '';
  return newline + 1;
}

/** Fields that AnswerFraming wants to hear of, lower case. */
export const ANSWER_FRAMING_FIELDS: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
]);

/** What the fields of an answer say about the message itself. */
export class AnswerFraming {
  #length: string | undefined;
  #encoding: string | undefined;
  #connection: string | undefined;

  /** @param key lower case; any field. @throws {UpstreamFault} */
  note(key: string, value: string): void {
    if (key === 'content-length') {
      if (this.#length !== undefined) throw duplicate('Content-Length', value, this.#length);
      this.#length = value;
    } else if (key === 'transfer-encoding') {
      if (this.#encoding !== undefined) throw duplicate('Transfer-Encoding', value, this.#encoding);
      this.#encoding = value.toLowerCase();
    } else if (key === 'connection')
      this.#connection = this.#connection === undefined ? value : `${this.#connection},${value}`;
  }

  /** @throws {UpstreamFault} */
  settle(head: ResponseHead): void {
    if (this.#encoding !== undefined) head.bodyLength = this.#encoded(this.#encoding);
    else if (this.#length !== undefined) {
      if (!/^\d{1,15}$/.test(this.#length))
        throw new UpstreamFault('upstream sent invalid "Content-Length" header');
      head.bodyLength = Number(this.#length);
    }
    const usual = this.#connection === 'keep-alive';
    head.keepAlive = usual || head.minor === 1;
    if (usual || this.#connection === undefined) return;
    const connection = this.#connection.toLowerCase();
    if (/(^|[,\s])close($|[,\s])/.test(connection)) head.keepAlive = false;
    else if (/(^|[,\s])keep-alive($|[,\s])/.test(connection)) head.keepAlive = true;
  }

  #encoded(encoding: string): number {
    if (this.#length !== undefined)
      throw new UpstreamFault(
        'upstream sent "Content-Length" and "Transfer-Encoding" headers at the same time',
      );
    if (encoding !== 'chunked')
      throw new UpstreamFault(`upstream sent unknown "Transfer-Encoding": "${encoding}"`);
    return CHUNKED;
  }
}

const duplicate = (name: string, value: string, before: string) =>
  new UpstreamFault(
    `upstream sent duplicate header line: "${name}: ${value}", previous value: "${name}: ${before}"`,
  );

/** Reads field lines (a trailer section) into a list; malformed ones are left out, for nothing depends on them. */
export function parseFields(text: string, into: HeaderList): void {
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    if (colon > 0 && /^[!#$%&'*+.^`|~\w-]+$/.test(name)) into.append(name, line.slice(colon + 1).trim());
  }
}
