/** Reads the address and the parameters of `listen`. */
import { isIP } from 'node:net';
import { parseDurationMs, parseSizeBytes } from '#kit/units.ts';
import type { ListenModel } from '#model/l7/http.ts';
import { ArgumentFault } from '../argument.ts';

type Draft = { -readonly [K in keyof ListenModel]: ListenModel[K] };

/** @param parameters each is one of `LISTEN_PARAMETERS` @throws {ArgumentFault} when the address or a value does not fit */
export function listenModel(address: string, parameters: readonly string[]): ListenModel {
  const draft: Draft = {
    ...addressOf(address),
    tls: false,
    http2: false,
    proxyProtocol: false,
    defaultServer: false,
    backlog: 511,
    ipv6Only: true,
    reusePort: false,
    deferred: false,
    fastOpen: undefined,
    receiveBufferBytes: undefined,
    sendBufferBytes: undefined,
    keepalive: undefined,
  };
  for (const parameter of parameters) apply(parameter, draft);
  return draft;
}

/** The default: port 80 for root, 8000 for others. */
export function defaultListen(isRoot: boolean): ListenModel {
  return listenModel(isRoot ? '80' : '8000', []);
}

/** Reads `80`, `*:80`, `127.0.0.1`, `[::]:80`, `localhost:80`, `unix:/path`. */
function addressOf(text: string): Pick<ListenModel, 'kind' | 'address' | 'port'> {
  if (text.startsWith('unix:')) {
    if (text.length === 5) throw new ArgumentFault('"unix:" names no path');
    return { kind: 'unix', address: text.slice(5), port: 0 };
  }
  if (/^\d+$/.test(text)) return { kind: 'tcp', address: '0.0.0.0', port: portOf(text) };
  const match = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (!match || host === undefined || host === '')
    throw new ArgumentFault(
      `"${text}" is not an address`,
      'write PORT, ADDRESS:PORT, [IPV6]:PORT or unix:/path',
    );
  const address = host === '*' ? '0.0.0.0' : host === 'localhost' ? '127.0.0.1' : host;
  if (match[1] !== undefined ? isIP(address) !== 6 : isIP(address) !== 4) {
    throw new ArgumentFault(
      `"${host}" is not an address to listen on`,
      'write an IP address: names would be resolved only once, at start',
    );
  }
  return { kind: 'tcp', address, port: match[3] === undefined ? 80 : portOf(match[3]) };
}

function portOf(text: string): number {
  const port = Number(text);
  if (port < 1 || port > 65535) throw new ArgumentFault(`${text} is not a port`, 'take 1 to 65535');
  return port;
}

const PARAMETERS: Record<string, (value: string | undefined, draft: Draft) => void> = {
  default_server: (_, draft) => (draft.defaultServer = true),
  default: (_, draft) => (draft.defaultServer = true),
  ssl: (_, draft) => (draft.tls = true),
  http2: (_, draft) => (draft.http2 = true),
  proxy_protocol: (_, draft) => (draft.proxyProtocol = true),
  reuseport: (_, draft) => (draft.reusePort = true),
  deferred: (_, draft) => (draft.deferred = true),
  bind: () => {},
  multipath: () => {},
  backlog: (value, draft) => (draft.backlog = integer('backlog', value)),
  fastopen: (value, draft) => (draft.fastOpen = integer('fastopen', value)),
  rcvbuf: (value, draft) => (draft.receiveBufferBytes = size('rcvbuf', value)),
  sndbuf: (value, draft) => (draft.sendBufferBytes = size('sndbuf', value)),
  ipv6only: (value, draft) => (draft.ipv6Only = onOff('ipv6only', value)),
  so_keepalive: (value, draft) => (draft.keepalive = keepaliveOf(value)),
};

/** The names of all, as they stand before a "=". */
export const LISTEN_PARAMETERS: readonly string[] = Object.keys(PARAMETERS);

/** Parameters that are options of the socket: an address takes them from one line only. */
const SOCKET_OPTION =
  /^(bind|backlog|fastopen|rcvbuf|sndbuf|deferred|ipv6only|reuseport|so_keepalive|multipath|accept_filter|setfib)(=|$)/;

export const setsSocket = (parameter: string) => SOCKET_OPTION.test(parameter);

function apply(parameter: string, draft: Draft): void {
  const [name, value] = parameter.split(/=(.*)/s) as [string, string | undefined];
  PARAMETERS[name]!(value, draft);
}

function integer(name: string, value: string | undefined): number {
  if (!/^-?\d+$/.test(value ?? '')) throw new ArgumentFault(`${name}= needs a number`);
  return Number(value);
}

function size(name: string, value: string | undefined): number {
  const bytes = parseSizeBytes(value ?? '');
  if (bytes === undefined) throw new ArgumentFault(`${name}= needs a size`);
  return bytes;
}

function onOff(name: string, value: string | undefined): boolean {
  if (value !== 'on' && value !== 'off') throw new ArgumentFault(`${name}= needs on or off`);
  return value === 'on';
}

/** `on`, `off`, or `idle:interval:count` where each may be empty. */
function keepaliveOf(value = ''): ListenModel['keepalive'] {
  if (value === 'on' || value === 'off') return { on: value === 'on' };
  const [idle = '', interval = '', count = '', ...more] = value.split(':');
  const idleMs = idle ? parseDurationMs(idle) : 0;
  const intervalMs = interval ? parseDurationMs(interval) : 0;
  if (
    more.length ||
    idleMs === undefined ||
    intervalMs === undefined ||
    !/^\d*$/.test(count) ||
    !(idle || interval || count)
  ) {
    throw new ArgumentFault('so_keepalive= needs on, off or idle:interval:count');
  }
  return {
    on: true,
    ...(idle && { idleS: Math.ceil(idleMs / 1000) }),
    ...(interval && { intervalS: Math.ceil(intervalMs / 1000) }),
    ...(count && { count: Number(count) }),
  };
}
