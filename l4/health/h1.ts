/** One question over HTTP/1.0 or 1.1, on a connection of its own. */
import type { Socket } from 'node:net';
import type { HttpAnswer, HttpRequest } from './http.ts';
import { Talk } from './talk.ts';
import { excerpt } from './tcp.ts';

const MOST_HEAD = 65_536;

export async function askH1(
  socket: Socket,
  request: HttpRequest,
  version: '1.0' | '1.1',
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const { method, uri, host, userAgent, readsBody } = request;
  using talk = new Talk(socket, signal);
  talk.send(
    `${method} ${uri} HTTP/${version}\r\nHost: ${host}\r\nUser-Agent: ${userAgent}\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
  );
  let head = await readHead(talk);
  while (head.status >= 100 && head.status < 200) head = await readHead(talk);
  const hasBody = readsBody && method !== 'HEAD' && head.status !== 204 && head.status !== 304;
  return { ...head, body: hasBody ? await readBody(talk, head.headers) : '' };
}

type Head = Omit<HttpAnswer, 'body'>;

async function readHead(talk: Talk): Promise<Head> {
  const [first = '', ...fields] = await talk.take((text, ended) => {
    const end = /\r?\n\r?\n/.exec(text);
    if (end) return { value: text.slice(0, end.index).split(/\r?\n/), length: end.index + end[0].length };
    if (text.length > MOST_HEAD) throw new Error('the head of the answer has no end');
    if (ended && text !== '') throw new Error(`"${excerpt(text)}" is no whole answer`);
    return undefined;
  });
  const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first) ?? [];
  if (status === undefined) throw new Error(`"${excerpt(first)}" is no answer of HTTP`);
  return { status: Number(status), headers: headersOf(fields) };
}

function headersOf(fields: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const field of fields) {
    const [, name = '', value = ''] = /^([^:\s]+):[ \t]*(.*?)[ \t]*$/.exec(field) ?? [];
    const key = name.toLowerCase();
    const before = headers.get(key);
    headers.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

/** By its length, in chunks, or to the end of the connection. */
function readBody(talk: Talk, headers: ReadonlyMap<string, string>): Promise<string> {
  if (/\bchunked\b/i.test(headers.get('transfer-encoding') ?? '')) return readChunks(talk);
  const length = headers.get('content-length');
  if (length !== undefined && /^\d+$/.test(length)) return talk.bytes(Number(length));
  return talk.take((text, ended) => (ended ? { value: text, length: text.length } : undefined));
}

async function readChunks(talk: Talk): Promise<string> {
  let body = '';
  for (;;) {
    const line = await talk.line();
    const [, size] = /^([0-9a-f]{1,8})\s*(?:;.*)?$/i.exec(line) ?? [];
    if (size === undefined) throw new Error(`"${excerpt(line)}" is not the size of a chunk`);
    const length = Number.parseInt(size, 16);
    if (length === 0) return body;
    body += await talk.bytes(length);
    await talk.line();
  }
}
