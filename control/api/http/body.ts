/** The body of a request: bounded, UTF-8, JSON of a depth that nothing chokes on. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { refuse } from '../refusal.ts';
import { asBytes } from './bytes.ts';
import { type Arrival, hasBody } from './patience.ts';

const MOST_DEPTH = 16;
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json *(?:; *charset="?utf-8"? *)?$/i;

/** @throws {Refusal} 413 when it is larger, 400 when it breaks off */
async function readBytes(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const tooLarge = () => refuse(413, 'too-large', `take at most ${limitBytes} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge();
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of request) {
      bytes += piece.length;
      if (bytes > limitBytes) break;
      pieces.push(piece);
    }
  } catch {
    throw refuse(400, 'cut-off', 'the body breaks off');
  }
  if (bytes > limitBytes) throw tooLarge();
  return Buffer.concat(pieces);
}

/**
 * @param expects whether the client waits for a 100 before it sends
 * @returns the text and what it says; undefined: there is no body
 * @throws {Refusal} 400, 413, 415
 */
export async function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  { limitBytes, expects }: { readonly limitBytes: number; readonly expects: boolean },
): Promise<{ readonly text: string; readonly value: unknown } | undefined> {
  if (!hasBody(request)) return undefined;
  const { headers } = request;
  if (!JSON_TYPE.test(headers['content-type'] ?? ''))
    throw refuse(415, 'not-json', 'send Content-Type: application/json');
  if (headers['content-encoding'] !== undefined)
    throw refuse(415, 'encoded', 'send the body as it is, without Content-Encoding');
  if (expects && Number(headers['content-length'] ?? 0) <= limitBytes) response.writeContinue();
  const bytes = await readBytes(request, limitBytes);
  const text = textOf(bytes);
  return { text, value: asBytes(parse(text)) };
}

export const NO_BYTES: AsyncIterable<Uint8Array> = { async *[Symbol.asyncIterator]() {} };

const BYTES_TYPE = /^application\/octet-stream *$/i;

/** The bytes of a body as they come, for as long as they come. @throws {Refusal} 413 when there are more, 415, 400 when it breaks off */
export async function* readUpload(
  request: IncomingMessage,
  response: ServerResponse,
  { limitBytes, expects, patience }: Arrival & { readonly limitBytes: number },
): AsyncGenerator<Uint8Array, void> {
  const { headers } = request;
  if (!hasBody(request)) throw refuse(422, 'no-body', 'there are no bytes');
  if (!BYTES_TYPE.test(headers['content-type'] ?? '') || headers['content-encoding'] !== undefined)
    throw refuse(415, 'not-bytes', 'send Content-Type: application/octet-stream');
  const tooLarge = () => refuse(413, 'too-large', `take at most ${limitBytes} bytes`);
  if (Number(headers['content-length'] ?? 0) > limitBytes) throw tooLarge();
  if (expects) response.writeContinue();
  let bytes = 0;
  const pieces = request[Symbol.asyncIterator]();
  for (;;) {
    patience.await();
    const { value, done } = await pieces.next().catch(() => {
      throw refuse(400, 'cut-off', 'the body breaks off');
    });
    patience.came(value?.length ?? 0);
    if (done) return;
    bytes += value.length;
    if (bytes > limitBytes) throw tooLarge();
    yield value;
  }
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refuse(400, 'not-utf-8', 'the body is not UTF-8');
  }
}

function parse(text: string): unknown {
  refuseDeep(text);
  try {
    return JSON.parse(text);
  } catch (fault) {
    throw refuse(
      400,
      'malformed',
      String(asBytes(`the body is not JSON: ${(fault as Error).message.slice(0, 200)}`)),
    );
  }
}

/** Before JSON.parse() sees it; brackets inside strings do not count. */
function refuseDeep(text: string): void {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === 0x5c) at++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x5b || code === 0x7b) depth++;
    else if (code === 0x5d || code === 0x7d) depth--;
    if (depth > MOST_DEPTH) throw refuse(400, 'too-deep', `take at most ${MOST_DEPTH} levels`);
  }
}
