/** Reads what a client says first in a TLS connection (RFC 8446 §4.1.2), as far as choosing a server needs it. */

export interface ClientHello {
  /** The host that the client names (RFC 6066 §3), latin1; '' when it names none. */
  readonly serverName: string;
  /** It wants to see that a name is ours (RFC 8737 §3), and nothing else. */
  readonly asksForProof: boolean;
}

/**
 * `partial`: more bytes are needed. `strange`: this is no ClientHello that can be read; OpenSSL may have a word for it.
 */
export type HelloReading = ClientHello | 'partial' | 'strange';

/** Above this nobody's first message is; OpenSSL's own bound is 131072 minus the header. */
const MOST_HELLO_BYTES = 65_536;
const RECORD_HEADER_BYTES = 5;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const ALPN = 16;
/** A list of this one protocol. */
const PROOF_ONLY = '\0\x0b\x0aacme-tls/1';

/** True when the first byte of a connection can begin a TLS record, and so no HTTP request. */
export const looksLikeTls = (first: number): boolean => first === HANDSHAKE || first >= 0x80;

/** @param bytes all that has come so far */
export function readClientHello(bytes: Buffer): HelloReading {
  const reading = readMessage(bytes);
  // Records may be empty: what is held must end all the same.
  return reading === 'partial' && bytes.length > 2 * MOST_HELLO_BYTES ? 'strange' : reading;
}

function readMessage(bytes: Buffer): HelloReading {
  const message = handshakeBytes(bytes);
  if (typeof message === 'string') return message;
  if (message.length < 4) return 'partial';
  if (message[0] !== CLIENT_HELLO) return 'strange';
  const length = message.readUIntBE(1, 3);
  if (length > MOST_HELLO_BYTES) return 'strange';
  if (message.length < 4 + length) return 'partial';
  const cursor = new Cursor(message.subarray(4, 4 + length));
  return extensionsIn(cursor);
}

/** The payload of the records so far: a message may be cut into several. */
function handshakeBytes(bytes: Buffer): Buffer | 'partial' | 'strange' {
  const pieces: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes[at] !== HANDSHAKE) return pieces.length === 0 ? 'strange' : Buffer.concat(pieces);
    if (bytes.length < at + RECORD_HEADER_BYTES) break;
    const from = at + RECORD_HEADER_BYTES;
    at = from + bytes.readUInt16BE(at + 3);
    pieces.push(bytes.subarray(from, at));
  }
  if (pieces.length === 0) return 'partial';
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

/** Walks a message; beyond its end everything is empty. */
class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  number(width: 1 | 2): number {
    if (this.left < width) {
      this.#at = this.#bytes.length;
      return 0;
    }
    this.#at += width;
    return this.#bytes.readUIntBE(this.#at - width, width);
  }

  skip(bytes: number): void {
    this.#at = Math.min(this.#bytes.length, this.#at + bytes);
  }

  /** The next so many bytes as a message of its own. */
  inside(bytes: number): Cursor {
    const from = this.#at;
    this.skip(bytes);
    return new Cursor(this.#bytes.subarray(from, this.#at));
  }

  text(): string {
    return this.#bytes.latin1Slice(this.#at);
  }
}

function extensionsIn(hello: Cursor): ClientHello {
  hello.skip(2 + 32); // version, random
  hello.skip(hello.number(1)); // session id
  hello.skip(hello.number(2)); // ciphers
  hello.skip(hello.number(1)); // compression
  const extensions = hello.inside(hello.number(2));
  let serverName: string | undefined;
  let asksForProof = false;
  while (extensions.left > 0) {
    const type = extensions.number(2);
    const extension = extensions.inside(extensions.number(2));
    if (type === SERVER_NAME) serverName ??= hostNameIn(extension);
    else if (type === ALPN) asksForProof ||= extension.text() === PROOF_ONLY;
  }
  return { serverName: serverName ?? '', asksForProof };
}

function hostNameIn(extension: Cursor): string {
  const names = extension.inside(extension.number(2));
  while (names.left > 0) {
    const type = names.number(1);
    const name = names.inside(names.number(2));
    if (type === 0) return name.text();
  }
  return '';
}
