/** What the fields of a request say about the message itself: where it ends, and whether the connection lasts. */
import { CHUNKED, type RequestHead, WireFault } from './request-head.ts';

/** Of these, two lines would be read differently by those behind (RFC 9110 §5.3). */
const ONCE = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'content-range',
  'authorization',
  'expect',
];

/** Fields that note() wants to hear of, lower case. */
export const FRAMING_FIELDS: ReadonlySet<string> = new Set([
  ...ONCE,
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'upgrade',
]);

/** Knows which of the fields that may stand once have been there. */
export class OnceFields {
  /** A bit for each of ONCE. */
  #seen = 0;

  /** @param key lower case; any field */
  repeats(key: string): boolean {
    const at = ONCE.indexOf(key);
    if (at === -1) return false;
    const repeated = (this.#seen & (1 << at)) !== 0;
    this.#seen |= 1 << at;
    return repeated;
  }
}

export class RequestFraming {
  #lengths: string | undefined;
  #encodings: string | undefined;
  #host: string | undefined;
  #connection: string | undefined;
  #upgrade: string | undefined;
  #expectContinue = false;
  readonly #once = new OnceFields();

  /** @param key lower case; any field. @throws {WireFault} when it may stand once only, and has been there */
  note(key: string, value: string): void {
    switch (key) {
      case 'host':
        if (this.#host !== undefined) throw new WireFault(400, 'duplicate host header');
        this.#host = value;
        return;
      case 'content-length':
        if (this.#lengths !== undefined) throw new WireFault(400, 'duplicate Content-Length');
        this.#lengths = value;
        return;
      case 'transfer-encoding':
        if (this.#encodings !== undefined) throw new WireFault(400, 'duplicate Transfer-Encoding');
        this.#encodings = value;
        return;
      case 'connection':
        this.#connection = this.#connection === undefined ? value : `${this.#connection}, ${value}`;
        return;
      case 'upgrade':
        this.#upgrade = value;
        return;
      default:
        this.#noteOnce(key, value);
    }
  }

  #noteOnce(key: string, value: string): void {
    if (this.#once.repeats(key)) throw new WireFault(400, `duplicate ${key}`);
    if (key === 'expect') this.#expectContinue = value.toLowerCase() === '100-continue';
  }

  /** RFC 9112 §6.1–6.3 and §9.3, with the refusals of §11.2 (request smuggling). @throws {WireFault} */
  settle(head: RequestHead): void {
    if (this.#encodings !== undefined) head.bodyLength = this.#encoded(head, this.#encodings);
    else if (this.#lengths !== undefined) head.bodyLength = lengthOf(this.#lengths);
    if (head.minor === 1 && this.#host === undefined) throw new WireFault(400, 'HTTP/1.1 without Host');
    head.host = this.#host;
    head.keepAlive = head.minor === 1;
    if (this.#connection !== undefined) this.#settleConnection(head, this.#connection.toLowerCase());
    head.expectContinue = this.#expectContinue && head.minor === 1;
  }

  #encoded(head: RequestHead, encodings: string): number {
    if (this.#lengths !== undefined) throw new WireFault(400, 'both Content-Length and Transfer-Encoding');
    if (head.minor === 0) throw new WireFault(400, 'Transfer-Encoding in HTTP/1.0');
    const codings = encodings.toLowerCase();
    if (codings === 'chunked') return CHUNKED;
    // Without chunked at the end nobody knows where the body ends (RFC 9112 §6.3 rule 4).
    if (/^(.*,)?[ \t]*chunked[ \t]*,/.test(codings))
      throw new WireFault(400, 'chunked before another coding');
    throw new WireFault(501, 'an unknown Transfer-Encoding');
  }

  #settleConnection(head: RequestHead, connection: string): void {
    if (connection === 'keep-alive') head.keepAlive = true;
    else if (connection === 'close') head.keepAlive = false;
    else {
      const tokens = connection.split(',').map(token => token.trim());
      if (tokens.includes('close')) head.keepAlive = false;
      else if (tokens.includes('keep-alive')) head.keepAlive = true;
      // RFC 9110 §7.8: HTTP/1.0 knows no Upgrade.
      if (head.minor === 1 && tokens.includes('upgrade')) head.upgrade = this.#upgrade;
    }
  }
}

function lengthOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new WireFault(400, 'an invalid Content-Length');
  return Number(text);
}
