/** Reads HTTP/1 messages out of received bytes, apart from moat's own parser, so that tests have a second opinion. */

/** One message; every string holds one byte per char (latin1). */
export type Message = {
  /** The request line or status line, without its line end. */
  readonly start: string;
  /** Fields in the order received, names as spelled. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The content, freed from chunked framing. */
  readonly body: string;
  readonly trailers: readonly (readonly [name: string, value: string])[];
  /** All bytes of the message as they came. */
  readonly raw: string;
};

/** What decides the length of the body besides the head: a response to HEAD has none; an ended one may lack a length. */
export type Framing = 'request' | 'response' | 'response-to-head';

/** The values of `name` (any case) joined by ", ", or undefined when the field is absent. */
export function header(message: Pick<Message, 'headers'>, name: string): string | undefined {
  const wanted = name.toLowerCase();
  const values = message.headers.filter(([key]) => key.toLowerCase() === wanted).map(([, value]) => value);
  return values.length > 0 ? values.join(', ') : undefined;
}

/**
 * Takes the first whole message off `bytes`.
 *
 * @param ended whether the peer has closed: it ends a response that names no length
 * @returns undefined while bytes are missing
 * @throws {Error} when the framing is broken, or the peer closed in the middle of a message
 */
export function takeMessage(
  bytes: string,
  framing: Framing,
  ended: boolean,
): { message: Message; rest: string } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return missing(bytes, ended && bytes.length > 0);
  const [start = '', ...lines] = bytes.slice(0, headEnd).split('\r\n');
  const headers = fields(lines);
  const from = headEnd + 4;
  const status = framing === 'request' ? 0 : Number(start.split(' ')[1]);
  const bodiless =
    framing === 'response-to-head' || status === 204 || status === 304 || (status > 0 && status < 200);
  const end = bodiless ? { at: from, body: '', trailers: [] } : bodyEnd(bytes, from, headers, framing, ended);
  if (!end) return missing(bytes, ended);
  const message = { start, headers, body: end.body, trailers: end.trailers, raw: bytes.slice(0, end.at) };
  return { message, rest: bytes.slice(end.at) };
}

type BodyEnd = { at: number; body: string; trailers: Message['headers'] };

function bodyEnd(
  bytes: string,
  from: number,
  headers: Message['headers'],
  framing: Framing,
  ended: boolean,
): BodyEnd | undefined {
  const coding = header({ headers }, 'transfer-encoding');
  const length = header({ headers }, 'content-length');
  if (coding?.toLowerCase() === 'chunked') return chunkedEnd(bytes, from);
  if (length !== undefined) {
    if (!/^\d+$/.test(length)) throw new Error(`Cannot frame a message: Content-Length is "${length}"`);
    const at = from + Number(length);
    return bytes.length >= at ? { at, body: bytes.slice(from, at), trailers: [] } : undefined;
  }
  if (framing === 'request') return { at: from, body: '', trailers: [] };
  return ended ? { at: bytes.length, body: bytes.slice(from), trailers: [] } : undefined;
}

function chunkedEnd(bytes: string, from: number): BodyEnd | undefined {
  const parts: string[] = [];
  for (let at = from; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = /^([0-9a-f]+)(?:;.*)?$/i.exec(bytes.slice(at, lineEnd))?.[1];
    if (!size) throw new Error(`Cannot frame a message: "${bytes.slice(at, lineEnd)}" is no chunk size`);
    const dataEnd = lineEnd + 2 + Number.parseInt(size, 16);
    if (dataEnd === lineEnd + 2) return trailersEnd(bytes, dataEnd, parts.join(''));
    if (bytes.length < dataEnd + 2) return undefined;
    if (bytes.slice(dataEnd, dataEnd + 2) !== '\r\n')
      throw new Error('Cannot frame a message: a chunk overruns its size');
    parts.push(bytes.slice(lineEnd + 2, dataEnd));
    at = dataEnd + 2;
  }
}

function trailersEnd(bytes: string, from: number, body: string): BodyEnd | undefined {
  if (bytes.startsWith('\r\n', from)) return { at: from + 2, body, trailers: [] };
  const end = bytes.indexOf('\r\n\r\n', from);
  return end < 0 ? undefined : { at: end + 4, body, trailers: fields(bytes.slice(from, end).split('\r\n')) };
}

function fields(lines: readonly string[]): (readonly [string, string])[] {
  return lines.map(line => {
    const colon = line.indexOf(':');
    if (colon < 1) throw new Error(`Cannot read a header field: "${line}"`);
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
}

function missing(bytes: string, ended: boolean): undefined {
  if (ended)
    throw new Error(`The peer closed in the middle of a message: ${JSON.stringify(bytes.slice(0, 300))}`);
  return undefined;
}
