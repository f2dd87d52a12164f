/** Reads the head of an HTTP/1.x request (RFC 9112 §2–3, §5), strictly: what parsers disagree about is refused. */
import { fieldKey, fieldValue, HeaderList, isKnownField, PLAIN_NAME } from '../../message.ts';

export interface HeadLimits {
  readonly lineBytes: number;
  readonly totalBytes: number;
  readonly maxHeaders: number;
  readonly ignoreInvalidHeaders: boolean;
  readonly underscoresInHeaders: boolean;
}

/** How the body is delimited (RFC 9112 §6.3): a length in bytes, or one of these. */
export const CHUNKED = -1;

export class RequestHead {
  method = '';
  /** The request target as sent. */
  target = '';
  /** Minor version: 0 or 1 of HTTP/1.x. */
  minor: 0 | 1 = 1;
  readonly headers = new HeaderList();
  /** The whole request line, as sent. */
  line = '';
  host: string | undefined;
  /** Bytes of body, or CHUNKED. */
  bodyLength = 0;
  keepAlive = true;
  expectContinue = false;
  /** The value of Upgrade when Connection names it. */
  upgrade: string | undefined;
  /** Bytes of the head on the wire. */
  headBytes = 0;
}

/** Why a request is refused: the status to answer, and a stable reason for the log and the counters. */
export class WireFault extends Error {
  readonly status: number;
  readonly reason: string;
  constructor(status: number, reason: string) {
    super(`client sent ${reason}`);
    this.status = status;
    this.reason = reason;
  }
}

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
  const state: FramingState = {
    lengths: undefined,
    encodings: undefined,
    hosts: 0,
    connection: undefined,
    upgrade: undefined,
  };
  while (at < end) {
    const newline = text.indexOf('\n', at);
    const lineEnd = text.charCodeAt(newline - 1) === 13 ? newline - 1 : newline;
    if (lineEnd === at) break;
    readField(text, at, lineEnd, head, limits, state);
    at = newline + 1;
  }
  const controls = FORBIDDEN.test(end === text.length && start === 0 ? text : text.slice(start, end));
  if (controls) throw new WireFault(400, 'a control character in the head');
  if (head.headers.size > limits.maxHeaders) throw new WireFault(431, 'too many header fields');
  settleFraming(head, state);
  return head;
}

/** Lines that decide where the message ends and whether the connection lasts. */
interface FramingState {
  lengths: string | undefined;
  encodings: string | undefined;
  hosts: number;
  connection: string | undefined;
  upgrade: string | undefined;
}

function readField(
  text: string,
  from: number,
  to: number,
  head: RequestHead,
  limits: HeadLimits,
  state: FramingState,
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
  noteFraming(key, value, head, state);
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

function noteFraming(key: string, value: string, head: RequestHead, state: FramingState): void {
  switch (key) {
    case 'host':
      if (state.hosts++ > 0) throw new WireFault(400, 'duplicate host header');
      head.host = value;
      return;
    case 'content-length':
      if (state.lengths !== undefined) throw new WireFault(400, 'duplicate Content-Length');
      state.lengths = value;
      return;
    case 'transfer-encoding':
      if (state.encodings !== undefined) throw new WireFault(400, 'duplicate Transfer-Encoding');
      state.encodings = value;
      return;
    case 'if-match':
    case 'if-none-match':
    case 'if-modified-since':
    case 'if-unmodified-since':
    case 'if-range':
    case 'content-range':
    case 'authorization':
      return refuseSecond(key, head.headers);
    case 'connection':
      state.connection = state.connection === undefined ? value : `${state.connection}, ${value}`;
      return;
    case 'upgrade':
      state.upgrade = value;
      return;
    case 'expect':
      refuseSecond(key, head.headers);
      head.expectContinue = value.toLowerCase() === '100-continue';
      return;
  }
}

/** Of what holds one value, two lines would be read differently by those behind (RFC 9110 §5.3). @throws {WireFault} */
function refuseSecond(key: string, { keys }: HeaderList): void {
  if (keys.indexOf(key) !== keys.length - 1) throw new WireFault(400, `duplicate ${key}`);
}

/** RFC 9112 §6.1–6.3 and §9.3, with the refusals of §11.2 (request smuggling). */
function settleFraming(head: RequestHead, state: FramingState): void {
  const { lengths, encodings, connection } = state;
  if (encodings !== undefined) {
    if (lengths !== undefined) throw new WireFault(400, 'both Content-Length and Transfer-Encoding');
    if (head.minor === 0) throw new WireFault(400, 'Transfer-Encoding in HTTP/1.0');
    if (encodings.toLowerCase() !== 'chunked') throw new WireFault(501, 'an unknown Transfer-Encoding');
    head.bodyLength = CHUNKED;
  } else if (lengths !== undefined) {
    head.bodyLength = /^\d{1,15}$/.test(lengths) ? Number(lengths) : Number.NaN;
    if (Number.isNaN(head.bodyLength)) throw new WireFault(400, 'an invalid Content-Length');
  }
  if (head.minor === 1 && state.hosts === 0) throw new WireFault(400, 'HTTP/1.1 without Host');
  head.keepAlive = head.minor === 1;
  if (connection !== undefined) settleConnection(head, connection.toLowerCase(), state.upgrade);
  if (head.minor === 0) head.expectContinue = false;
}

function settleConnection(head: RequestHead, connection: string, upgrade: string | undefined): void {
  if (connection === 'keep-alive') head.keepAlive = true;
  else if (connection === 'close') head.keepAlive = false;
  else {
    const tokens = connection.split(',').map(token => token.trim());
    if (tokens.includes('close')) head.keepAlive = false;
    else if (tokens.includes('keep-alive')) head.keepAlive = true;
    if (upgrade !== undefined && tokens.includes('upgrade')) head.upgrade = upgrade;
  }
}
