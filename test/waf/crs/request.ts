/** A stage's input as a request, made as go-ftw makes it; and read back as a lenient server would. */
import type { RequestHead } from '#waf';
import type { StageInput } from './format.ts';

export interface BuiltRequest {
  readonly head: RequestHead;
  readonly body: string;
  /** As it would go over the wire. */
  readonly wire: string;
}

let count = 0;

export function buildRequest(input: StageInput): BuiltRequest {
  if (input.raw !== undefined) return readBack(input.raw);
  const headers = input.headers.map(pair => [...pair] as [string, string]);
  const find = (name: string) => headers.find(([key]) => key.toLowerCase() === name)?.[1];
  let body = input.data ?? '';
  if (input.autocomplete) {
    if (body !== '' && find('content-type') === undefined)
      headers.push(['Content-Type', 'application/x-www-form-urlencoded']);
    const type = find('content-type') ?? '';
    if (type === 'application/x-www-form-urlencoded') body = encodeForm(body);
    if (find('connection') === undefined) headers.push(['Connection', 'close']);
  }
  if (/^multipart\//i.test(find('content-type') ?? '')) body = body.replace(/\r?\n/g, '\r\n');
  if (input.autocomplete && body !== '' && find('content-length') === undefined)
    headers.push(['Content-Length', String(body.length)]);
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const wire = `${input.method} ${input.uri} ${input.version}\r\n${lines}\r\n${body}`;
  return { head: headOf(input.method, input.uri, input.version, headers), body, wire };
}

const headOf = (
  method: string,
  target: string,
  protocol: string,
  headers: readonly (readonly [string, string])[],
): RequestHead => ({
  id: `test-${++count}`,
  method,
  target,
  protocol,
  headers: headers.flat(),
  clientAddress: '127.0.0.1',
  clientPort: 40000,
  serverAddress: '127.0.0.1',
  serverPort: 80,
});

/** Data that decoding would not change is taken for plain text, and encoded. */
function encodeForm(data: string): string {
  if (/\+|%[0-9a-f]{2}/i.test(data)) return data;
  const encode = (text: string) =>
    text.replace(/[^A-Za-z0-9_.~-]/g, char =>
      char === ' ' ? '+' : `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    );
  return data
    .split('&')
    .map(pair => {
      const equals = pair.indexOf('=');
      return equals < 0 ? encode(pair) : `${encode(pair.slice(0, equals))}=${encode(pair.slice(equals + 1))}`;
    })
    .join('&');
}

function readBack(wire: string): BuiltRequest {
  const end = /\r?\n\r?\n/.exec(wire);
  const lines = wire.slice(0, end?.index ?? wire.length).split(/\r?\n/);
  const [method = '', target = '', protocol = ''] = lines[0]!.split(' ');
  const headers = lines.slice(1).map(line => {
    const colon = line.indexOf(':');
    return [
      line.slice(0, colon < 0 ? line.length : colon),
      colon < 0 ? '' : line.slice(colon + 1).trim(),
    ] as const;
  });
  const body = end ? wire.slice(end.index + end[0].length) : '';
  return { head: headOf(method, target, protocol, headers), body, wire };
}
