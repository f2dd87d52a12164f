/** What two parsers make of the same bytes: moat's, and llhttp inside node:http. */
import { createServer } from 'node:http';
import { Duplex } from 'node:stream';
import { BodyFault, ChunkedReader, LengthReader } from '../../l7/wire/h1/body.ts';
import { headEnd, parseRequestHead } from '../../l7/wire/h1/request.ts';
import { CHUNKED, WireFault } from '../../l7/wire/h1/request-head.ts';

export type Outcome =
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'unfinished' }
  | {
      readonly kind: 'taken';
      readonly method: string;
      readonly target: string;
      /** `key: value` lines in order, keys lower case. */
      readonly fields: readonly string[];
      readonly body: string;
      /** Bytes behind the message. */
      readonly rest: number;
    };

const LIMITS = {
  lineBytes: 8192,
  totalBytes: 32768,
  maxHeaders: 1000,
  ignoreInvalidHeaders: false,
  underscoresInHeaders: true,
};

export function ours(bytes: string): Outcome {
  let start = 0;
  while (bytes[start] === '\r' || bytes[start] === '\n') start++;
  const end = headEnd(bytes, start);
  if (end === -1) return { kind: 'unfinished' };
  try {
    const head = parseRequestHead(bytes, start, end, LIMITS);
    const fields = head.headers.keys.map((key, at) => `${key}: ${head.headers.values[at]}`);
    const body = readBody(Buffer.from(bytes.slice(end), 'latin1'), head.bodyLength);
    if (!body) return { kind: 'unfinished' };
    return { kind: 'taken', method: head.method, target: head.target, fields, ...body };
  } catch (error) {
    if (error instanceof WireFault) return { kind: 'refused', why: error.reason };
    if (error instanceof BodyFault) return { kind: 'refused', why: error.message };
    throw error;
  }
}

function readBody(bytes: Buffer, length: number): { body: string; rest: number } | undefined {
  if (length === 0) return { body: '', rest: bytes.length };
  let body = '';
  const reader = length === CHUNKED ? new ChunkedReader() : new LengthReader(length);
  const used = reader.feed(bytes, { bodyData: data => (body += data.latin1Slice()), bodyEnd() {} });
  return reader.done ? { body, rest: bytes.length - used } : undefined;
}

/** llhttp, strict, as node:http runs it. */
export function theirs(bytes: string): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const server = createServer({ requireHostHeader: false, keepAliveTimeout: 0 });
  let first = true;
  server.on('clientError', error =>
    resolve({ kind: 'refused', why: (error as NodeJS.ErrnoException).code ?? error.message }),
  );
  const take = (request: import('node:http').IncomingMessage) => {
    if (!first) return;
    first = false;
    let body = '';
    request.setEncoding('latin1');
    request.on('data', text => (body += text));
    request.on('end', () => resolve(taken(request, body)));
  };
  server.on('request', take).on('checkContinue', take).on('checkExpectation', take);
  server.on('upgrade', request => resolve(taken(request, '')));
  server.on('connect', request => resolve(taken(request, '')));
  const wire = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  server.emit('connection', wire);
  wire.push(Buffer.from(bytes, 'latin1'));
  // All of it is parsed within the turn after the push; what has said nothing by then waits for more.
  setImmediate(() =>
    setImmediate(() =>
      setImmediate(() => {
        resolve({ kind: 'unfinished' });
        wire.destroy();
      }),
    ),
  );
  return promise;
}

function taken(request: import('node:http').IncomingMessage, body: string): Outcome {
  const fields: string[] = [];
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    fields.push(`${request.rawHeaders[at]!.toLowerCase()}: ${request.rawHeaders[at + 1]}`);
  }
  return { kind: 'taken', method: request.method ?? '', target: request.url ?? '', fields, body, rest: 0 };
}
