/** Lines of access logs: nginx's `combined`, with a host before or behind it, and JSON. */

export interface LoggedRequest {
  readonly method: string;
  /** As it was sent: path and query. */
  readonly target: string;
  /** Undefined: the log does not say. */
  readonly host: string | undefined;
  readonly clientAddress: string;
  /** ms since 1970; undefined: the log does not say. */
  readonly atMs: number | undefined;
  readonly referer: string | undefined;
  readonly userAgent: string | undefined;
}

const QUOTED = String.raw`"((?:[^"\\]|\\.)*)"`;
/** `[host[:port] ]address ident user [time] "request" status bytes["referer" "agent"][ "host"]` */
const COMBINED = new RegExp(
  String.raw`^(?:(\S+) )?(\S+) (\S+) (\S+) \[([^\]]+)\] ${QUOTED} (\d{3}) (\S+)(?: ${QUOTED} ${QUOTED})?(?: "?([\w.:[\]-]+)"?)?`,
);
const REQUEST = /^([A-Z]{1,32}) (\S+)(?: HTTP\/[\d.]+)?$/;
const TIME = /^(\d{2})\/(\w{3})\/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-]\d{2})(\d{2})$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const ADDRESS = /^[\d.]+$|^[\da-fA-F:.]*:[\da-fA-F:.]*$/;
const HOST = /^[\w.-]+(?::\d{1,5})?$|^\[[\da-fA-F:.]+\](?::\d{1,5})?$/;

/** @returns undefined where the line is no request that can be read */
export function readLogLine(line: string): LoggedRequest | undefined {
  return line.startsWith('{') ? readJson(line) : readCombined(line);
}

function readCombined(line: string): LoggedRequest | undefined {
  const found = COMBINED.exec(line);
  if (!found) return undefined;
  const [, first, clientAddress = '', , , time = '', request = '', , , referer, agent, last] = found;
  return whole(request, clientAddress, {
    host: first ?? last,
    atMs: timeOf(time),
    referer,
    userAgent: agent,
  });
}

type Rest = Pick<LoggedRequest, 'host' | 'atMs' | 'referer' | 'userAgent'>;

function whole(
  request: string,
  clientAddress: string,
  { host, atMs, ...rest }: Rest,
): LoggedRequest | undefined {
  const [, method, target] = REQUEST.exec(request.replace(/\\x([\dA-Fa-f]{2})/g, '%$1')) ?? [];
  if (method === undefined || target === undefined || !ADDRESS.test(clientAddress)) return undefined;
  const field = (value: string | undefined) =>
    value === undefined || value === '-' ? undefined : value.replace(/\\x[\dA-Fa-f]{2}|[^\x20-\x7e]/g, '?');
  return {
    ...{ method, target, clientAddress, atMs },
    host: host !== undefined && HOST.test(host) ? host : undefined,
    referer: field(rest.referer),
    userAgent: field(rest.userAgent),
  };
}

/** `06/Nov/2026:08:49:37 +0000` */
function timeOf(text: string): number | undefined {
  const [, day, name = '', year, hour, minute, second, zone, minutes] = TIME.exec(text) ?? [];
  const month = String(MONTHS.indexOf(name) + 1).padStart(2, '0');
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}:${minutes}`);
  return Number.isNaN(ms) ? undefined : ms;
}

const textIn = (found: Record<string, unknown>, ...names: string[]): string | undefined => {
  const value = names.map(name => found[name]).find(one => typeof one === 'string' && one !== '');
  return typeof value === 'string' ? value : undefined;
};

/** By the names of nginx's variables, as most formats of JSON have them. */
function readJson(line: string): LoggedRequest | undefined {
  let found: Record<string, unknown>;
  try {
    found = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const method = textIn(found, 'request_method', 'method');
  const target = textIn(found, 'request_uri', 'uri', 'path');
  const request = textIn(found, 'request') ?? `${method ?? ''} ${target ?? ''}`;
  const time = textIn(found, 'time_iso8601', 'time', 'timestamp', '@timestamp') ?? '';
  const seconds = Number(textIn(found, 'msec') ?? found['msec'] ?? Number.NaN);
  const parsed = Date.parse(time);
  const local = timeOf(textIn(found, 'time_local') ?? '');
  return whole(request, textIn(found, 'remote_addr', 'client', 'client_ip') ?? '', {
    host: textIn(found, 'http_host', 'host', 'server_name'),
    atMs: Number.isFinite(seconds) ? Math.round(seconds * 1000) : Number.isNaN(parsed) ? local : parsed,
    referer: textIn(found, 'http_referer', 'referer'),
    userAgent: textIn(found, 'http_user_agent', 'user_agent'),
  });
}
