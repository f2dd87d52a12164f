/** One question over HTTP/2, on a connection of its own. */
import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import { nodeHttp2 } from '#kit/node-http.ts';
import type { HttpAnswer, HttpRequest } from './http.ts';
import { aborted } from './probe.ts';
import { reasonOf } from './talk.ts';

const MOST_BODY = 16 * 1024 * 1024;

/** An answer with what came after its body. */
export interface H2Answer extends HttpAnswer {
  readonly trailers: ReadonlyMap<string, string>;
}

/**
 * @param more header fields and a body, for requests that have them
 * @throws {Error} with the reason
 */
export async function askH2(
  socket: Socket,
  { method, uri, host, scheme, userAgent, readsBody }: HttpRequest,
  signal: AbortSignal,
  more: { readonly headers?: Readonly<Record<string, string>>; readonly body?: Uint8Array } = {},
): Promise<H2Answer> {
  const session = nodeHttp2().connect(`${scheme}://${host}`, { createConnection: () => socket });
  using _ = { [Symbol.dispose]: () => session.destroy() };
  const broken = new Promise<never>((_, fail) => {
    session.on('error', fault => fail(reasonOf(fault)));
    session.on('close', () => fail(new Error('the connection was closed')));
  });
  const stream = session.request({
    ':method': method,
    ':path': uri,
    ':authority': host,
    ':scheme': scheme,
    'user-agent': userAgent,
    ...more.headers,
  });
  stream.end(more.body);
  return await Promise.race([answerOf(stream, readsBody), broken, aborted(signal)]);
}

function answerOf(stream: ClientHttp2Stream, readsBody: boolean): Promise<H2Answer> {
  return new Promise((done, fail) => {
    let status = 0;
    let headers = new Map<string, string>();
    let trailers = new Map<string, string>();
    let body = '';
    stream.setEncoding('latin1');
    stream.on('response', fields => {
      status = Number(fields[':status']);
      headers = mapOf(fields);
      if (!readsBody) done({ status, headers, trailers, body });
    });
    stream.on('trailers', fields => (trailers = mapOf(fields)));
    stream.on('data', (text: string) => {
      body += text;
      if (body.length > MOST_BODY) fail(new Error(`the answer is longer than ${MOST_BODY} bytes`));
    });
    stream.on('error', fault => fail(reasonOf(fault)));
    stream.on('close', () =>
      status === 0 ? fail(new Error('there was no answer')) : done({ status, headers, trailers, body }),
    );
  });
}

function mapOf(fields: IncomingHttpHeaders): Map<string, string> {
  const values = Object.entries(fields).map(([name, value = '']) => [name, String(value)] as const);
  return new Map(values.filter(([name]) => !name.startsWith(':')));
}
