/** Reads the head of an HTTP/1.x request (RFC 9112 §2–3, §5), strictly: what parsers disagree about is refused. */
import { fieldKey, isKnownField, PLAIN_NAME } from '../../field-names.ts';
import { fieldValue } from '../../message.ts';
import { RequestFraming } from './request-framing.ts';
import { type HeadLimits, RequestHead, WireFault } from './request-head.ts';

/**
 * Finds where a head ends.
 *
 * @param from where a search that came back empty before may go on
 * @returns the position after the empty line, or -1
 */
export function headEnd(text: string, from: number): number {
  let newline = text.indexOf('\n', from);
  while (newline !== -1) {
    const next = text.charCodeAt(newline + 1);
    if (next === 10) return newline + 2;
    if (next === 13 && text.charCodeAt(newline + 2) === 10) return newline + 3;
    newline = text.indexOf('\n', newline + 1);
  }
  return -1;
}

const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)/;
const METHOD = /^[A-Z_-]+$/;
/** A fragment is the client's own affair (RFC 9112 §3.2). */
const TARGET_FORBIDDEN = /[\0-\x20#\x7f]/;

/** Judges the request line as soon as it stands, before the rest of the head has come. @throws {WireFault} */
export function parseRequestLine(text: string, start: number, head: RequestHead): number {
  const newline = text.indexOf('\n', start);
  const end = text.charCodeAt(newline - 1) === 13 ? newline - 1 : newline;
  const methodEnd = text.indexOf(' ', start);
  if (methodEnd === -1 || methodEnd >= end) throw new WireFault(400, 'invalid request line');
  head.method = text.slice(start, methodEnd);
  if (!METHOD.test(head.method)) throw new WireFault(400, 'invalid method');
  const targetEnd = text.lastIndexOf(' ', end - 1);
  if (targetEnd === methodEnd) throw new WireFault(400, 'request line without version (HTTP/0.9)');
  head.target = text.slice(methodEnd + 1, targetEnd);
  readVersion(text.slice(targetEnd + 1, end), head);
  if (head.target === '' || TARGET_FORBIDDEN.test(head.target))
    throw new WireFault(400, 'invalid request target');
  head.line = text.slice(start, end);
  return newline + 1;
}

function readVersion(version: string, head: RequestHead): void {
  if (version === 'HTTP/1.1') head.minor = 1;
  else if (version === 'HTTP/1.0') head.minor = 0;
  else if (/^HTTP\/1\.\d$/.test(version)) head.minor = 1;
  else if (/^HTTP\/\d\.\d$/.test(version)) throw new WireFault(505, 'unsupported protocol version');
  else throw new WireFault(400, 'invalid protocol version');
}

/**
 * Reads a complete head.
 *
 * @param text latin1; holds the head from `start` to `end` (as headEnd found it)
 * @throws {WireFault} with the status to answer
 */
export function parseRequestHead(text: string, start: number, end: number, limits: HeadLimits): RequestHead {
  const head = new RequestHead();
  let at = parseRequestLine(text, start, head);
  if (at - start > limits.lineBytes) throw new WireFault(414, 'too long URI');
  head.headBytes = end - start;
  const says = new RequestFraming();
  while (at < end) {
    const newline = text.indexOf('\n', at);
    const lineEnd = text.charCodeAt(newline - 1) === 13 ? newline - 1 : newline;
    if (lineEnd === at) break;
    readField(text, at, lineEnd, head, limits, says);
    at = newline + 1;
  }
  const controls = FORBIDDEN.test(end === text.length && start === 0 ? text : text.slice(start, end));
  if (controls) throw new WireFault(400, 'a control character in the head');
  if (head.headers.size > limits.maxHeaders) throw new WireFault(431, 'too many header fields');
  says.settle(head);
  return head;
}

function readField(
  text: string,
  from: number,
  to: number,
  head: RequestHead,
  limits: HeadLimits,
  says: RequestFraming,
): void {
  if (to - from > limits.lineBytes) throw new WireFault(431, 'too large header field');
  const colon = text.indexOf(':', from);
  const first = text.charCodeAt(from);
  if (first === 32 || first === 9) throw new WireFault(400, 'a folded header field (obs-fold)');
  if (colon === -1 || colon >= to) throw new WireFault(400, 'a header line without colon');
  const name = text.slice(from, colon);
  if (!isKnownField(name) && !isValidName(name, limits)) return;
  const key = fieldKey(name);
  const value = fieldValue(text, colon + 1, to);
  head.headers.add(name, key, value);
  says.note(key, value);
}

/** @returns false when the field is to be left out (ignore_invalid_headers). @throws {WireFault} */
function isValidName(name: string, limits: HeadLimits): boolean {
  if (PLAIN_NAME.test(name)) return true;
  if (name === '' || /[\0-\x20\x7f]/.test(name)) throw new WireFault(400, 'an invalid header name');
  if (limits.underscoresInHeaders && /^[\w-]+$/.test(name)) return true;
  // RFC 9110 §5.6.2 allows more characters than nginx takes by default; beyond them nothing is a name.
  if (!/^[!#$%&'*+.^`|~\w-]+$/.test(name)) throw new WireFault(400, 'an invalid header name');
  return !limits.ignoreInvalidHeaders;
}
