/** The fields of a line of a log, by the names of nginx's variables: of JSON, of any format without it, and of error logs. Values stay as the log has them. */
import type { LogFormat } from '#model/l7/log.ts';
import type { LogFile } from './log-files.ts';

export type Fields = ReadonlyMap<string, string>;
export type FieldReader = (line: string) => Fields;

const MOST_FIELDS = 128;

/** @returns what reads lines of this file; a line of another form has few fields, or none */
export function fieldReader({ kind, format }: Pick<LogFile, 'kind' | 'format'>): FieldReader {
  if (kind === 'error') return errorFields;
  const read = format ? formatReader(format) : () => NONE;
  return line => (line.startsWith('{') ? jsonFields(line) : withRequest(read(line)));
}

const NONE: Fields = new Map();

function jsonFields(line: string): Fields {
  let found: unknown;
  try {
    found = JSON.parse(line);
  } catch {
    return NONE; // cut off, or something else
  }
  if (typeof found !== 'object' || found === null) return NONE;
  const plain = Object.entries(found)
    .slice(0, MOST_FIELDS)
    .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const);
  return withRequest(new Map(plain));
}

/** A value ends where the text behind its variable begins: one pass over the line, whatever stands in it. */
function formatReader({ template }: LogFormat): FieldReader {
  const parts = typeof template === 'string' ? [template] : template;
  return line => {
    const fields = new Map<string, string>();
    let at = 0;
    for (const [number, part] of parts.entries()) {
      if (typeof part === 'string') {
        if (!line.startsWith(part, at)) return fields;
        at += part.length;
        continue;
      }
      const next = parts[number + 1];
      const end = typeof next === 'string' ? line.indexOf(next, at) : line.length;
      if (end === -1) return fields;
      fields.set(part.variable, line.slice(at, end));
      at = end;
    }
    return fields;
  };
}

const REQUEST = /^([A-Z]{1,32}) (\S+)(?: (HTTP\/[\d.]+))?$/;

/** `$request` in its parts, where the format does not name them. */
function withRequest(fields: Fields): Fields {
  const [, method, uri, protocol] = REQUEST.exec(fields.get('request') ?? '') ?? [];
  if (method === undefined || uri === undefined) return fields;
  const more = [
    ['request_method', method],
    ['request_uri', uri],
    ['server_protocol', protocol ?? ''],
  ] as const;
  return new Map([...more, ...fields]);
}

/** `2026/11/28 11:58:41 [notice] 19896#0: *12 message, client: 192.0.2.1, server: x, request: "GET / HTTP/1.1", host: "x"` */
const ERROR_HEAD = /^(\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d) \[(\w+)\] (\d+)#(\d+): (?:\*(\d+) )?/;
const ERROR_NAMES: Readonly<Record<string, string>> = {
  client: 'remote_addr',
  server: 'server_name',
  request: 'request',
  upstream: 'upstream',
  host: 'host',
  referrer: 'http_referer',
  request_id: 'request_id',
};

function errorFields(line: string): Fields {
  const head = ERROR_HEAD.exec(line);
  if (!head) return NONE;
  const [whole, time = '', level = '', pid = '', , connection] = head;
  const rest = line.slice(whole.length);
  const fields = new Map([
    ['time', time],
    ['level', level],
    ['pid', pid],
    ...(connection === undefined ? [] : [['connection', connection] as const]),
  ]);
  const end = rest.indexOf(', client: ');
  fields.set('message', end === -1 ? rest : rest.slice(0, end));
  if (end !== -1) addTail(rest.slice(end + 2), fields);
  return withRequest(fields);
}

/** A quoted value ends at its quote: what stands in it may look like another field. */
function addTail(tail: string, fields: Map<string, string>): void {
  for (let at = 0; at < tail.length; ) {
    const colon = tail.indexOf(': ', at);
    if (colon === -1) return;
    const name = ERROR_NAMES[tail.slice(at, colon)];
    const isQuoted = tail[colon + 2] === '"';
    const from = colon + (isQuoted ? 3 : 2);
    const found = tail.indexOf(isQuoted ? '"' : ', ', from);
    const end = found === -1 ? tail.length : found;
    if (name !== undefined && !fields.has(name)) fields.set(name, tail.slice(from, end));
    at = end + (isQuoted ? 3 : 2);
  }
}

/** What people call fields → what logs do. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  client: ['remote_addr', 'client', 'client_ip'],
  path: ['request_uri', 'uri', 'path'],
  method: ['request_method', 'method'],
  host: ['host', 'http_host', 'server_name'],
  agent: ['http_user_agent', 'user_agent'],
  referer: ['http_referer', 'referer'],
  time: ['time_iso8601', 'time', 'time_local', 'timestamp'],
  bytes: ['body_bytes_sent', 'bytes_sent'],
};

/** @param name of a field, or what people call it */
export function fieldOf(fields: Fields, name: string): string | undefined {
  const exact = fields.get(name);
  if (exact !== undefined) return exact;
  for (const one of ALIASES[name] ?? []) {
    const value = fields.get(one);
    if (value !== undefined) return value;
  }
  return undefined;
}
