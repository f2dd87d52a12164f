/** Sends one case to a running site and brings what came into a form that two programs can be compared in. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import type { Case, Site } from './cases/case.ts';
import { header, type Message, takeMessage } from './message.ts';
import type { Started } from './site.ts';
import { requestBytes, Wire } from './wire.ts';

/** Lines by name: `status`, `header Content-Type`, `body`; a second answer on one connection is `2 status` and so on. */
export type Answers = ReadonlyMap<string, string>;

/** Asks, and gives the answers as lines; a refused greeting is the line `tls`. */
export async function ask(
  site: Site,
  [, line, also = {}]: Case,
  started: Started,
  certs: string,
): Promise<Answers> {
  const [method = '', ...target] = line.split(' ');
  const host = also.host === undefined ? site.host : also.host;
  const fields = { ...(host === null ? { Host: [] } : { Host: host }), ...also.headers };
  const plain = { method, path: target.join(' '), version: also.version ?? '1.1', headers: fields } as const;
  const bytes =
    also.raw?.replaceAll('{host}', site.host) ??
    requestBytes({ ...plain, ...(also.body === undefined ? {} : { body: also.body }) });
  const port = started.ports.get(also.to ?? 8080)!;
  const lines = new Map<string, string>();
  let received = '';
  try {
    using wire = await Wire.dial(also.tls ? { port, tls: greeting(also.tls, host ?? '', certs) } : { port });
    received = await wire.send(bytes).rest();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    lines.set('tls', 'code' in error ? String(error.code) : error.message);
  }
  const methods = also.methods ?? [also.raw === undefined ? method : 'GET'];
  let at = 0;
  for (const message of messages(received, methods)) {
    if (isInterim(message)) describe(message, `interim ${at + 1} `, lines);
    else describe(message, at++ === 0 ? '' : `${at} `, lines);
  }
  for (const [name, text] of lines) lines.set(name, portsNamed(text, started.ports));
  return lines;
}

function greeting(
  tls: NonNullable<NonNullable<Case[2]>['tls']>,
  host: string,
  certs: string,
): ConnectionOptions {
  const file = (suffix: string) => readFileSync(join(certs, `${tls.certificate}.${suffix}`));
  return {
    servername: tls.sni ?? host.replace(/:\d*$/, ''),
    ...(tls.max ? { maxVersion: tls.max } : {}),
    ...(tls.ciphers ? { ciphers: tls.ciphers } : {}),
    ...(tls.certificate ? { cert: file('crt'), key: file('key') } : {}),
  };
}

const isInterim = ({ start }: Message) => /^HTTP\/\S+ 1(?!01)/.test(start);

/** Splits what came into messages; what cannot be framed becomes the body of a last one, marked as cut. */
function messages(bytes: string, methods: readonly string[]): Message[] {
  const found: Message[] = [];
  let rest = bytes;
  try {
    while (rest !== '') {
      const method =
        methods[Math.min(found.filter(message => !isInterim(message)).length, methods.length - 1)];
      const taken = takeMessage(rest, method === 'HEAD' ? 'response-to-head' : 'response', true);
      if (!taken) break;
      found.push(taken.message);
      rest = taken.rest;
    }
  } catch (error) {
    found.push(cutMessage(rest, error));
  }
  return found;
}

/** A message whose end did not come: what came of its body, apart from how it was cut into chunks. */
function cutMessage(bytes: string, error: unknown): Message {
  const headEnd = bytes.indexOf('\r\n\r\n') + 4;
  const head =
    headEnd < 4 ? undefined : takeMessage(bytes.slice(0, headEnd), 'response-to-head', true)?.message;
  if (!head) return { start: `no head: ${error}`, headers: [], trailers: [], raw: bytes, body: bytes };
  const chunked = header(head, 'transfer-encoding') !== undefined;
  const body = chunked ? bytes.slice(headEnd).replace(/(?:^|\r\n)[0-9a-f]+\r\n/g, '') : bytes.slice(headEnd);
  return { ...head, body: `cut: ${body.trimEnd()}` };
}

function describe(message: Message, prefix: string, lines: Map<string, string>): void {
  lines.set(`${prefix}status`, message.start);
  for (const [name] of message.headers) {
    const values = message.headers.filter(([key]) => key === name).map(([, value]) => value);
    lines.set(`${prefix}header ${name}`, values.map(value => steady(name, value, message)).join(' ⏎ '));
  }
  for (const [name, value] of message.trailers) lines.set(`${prefix}trailer ${name}`, value);
  const boundary = /^multipart\/byteranges; boundary=(\S+)$/.exec(header(message, 'content-type') ?? '')?.[1];
  const packed = header(message, 'content-encoding') === 'gzip' && message.body !== '';
  const body = packed ? gunzipSync(Buffer.from(message.body, 'latin1')).toString('latin1') : message.body;
  lines.set(`${prefix}body`, boundary ? body.replaceAll(boundary, '{boundary}') : body);
}

/** A value without what differs from one second, run or program to the next. */
function steady(name: string, value: string, message: Message): string {
  const sent = Date.parse(header(message, 'date') ?? '');
  switch (name.toLowerCase()) {
    case 'date':
      return Math.abs(Date.parse(value) - Date.now()) < 60_000 ? '{now}' : value;
    case 'expires':
      return / (?:19\d\d|203\d) /.test(value) ? value : `{now} + ${(Date.parse(value) - sent) / 1000}`;
    case 'server':
      return value.replace(/^(?:nginx|moat)(?:\/[\d.]+)?$/, found =>
        found.includes('/') ? '{program}/{version}' : '{program}',
      );
    case 'content-type':
      return value.replace(/boundary=\S+/, 'boundary={boundary}');
    default:
      return value;
  }
}

/** The program's own ports, told as the example writes them. */
function portsNamed(text: string, ports: ReadonlyMap<number, number>): string {
  let named = text;
  for (const [written, real] of ports) named = named.replaceAll(String(real), `{${written}}`);
  return named;
}
