/** Variables named after a header, an argument or a cookie. */
import type { Exchange } from '../exchange.ts';
import type { HeaderList } from '../message.ts';
import type { Response } from '../response.ts';
import type { Getter } from './space.ts';

/** `user_agent` → `user-agent`. */
const fieldOf = (rest: string) => rest.replaceAll('_', '-');

/** These come as lists joined by commas (or, cookies, by semicolons); of others, as in nginx, all lines joined too. */
function requestHeader(rest: string): Getter {
  const key = fieldOf(rest);
  const separator = key === 'cookie' ? '; ' : ', ';
  return exchange => linesOf(exchange.head.headers, key, separator);
}

/** All lines of a field, joined. In a variable's name `_` stands for `-`, and for itself in names that hold it. */
function linesOf(headers: HeaderList, key: string, separator?: string): string | undefined {
  const value = headers.joined(key, separator);
  if (value !== undefined || !key.includes('-')) return value;
  const spelled = headers.keys.find(other => other.length === key.length && fieldOf(other) === key);
  return spelled === undefined ? undefined : headers.joined(spelled, separator);
}

/** @param listOf where the lines stand, once they are known */
function lines(rest: string, listOf: (exchange: Exchange) => HeaderList | undefined): Getter {
  const key = fieldOf(rest);
  return exchange => {
    const list = listOf(exchange);
    return list && linesOf(list, key);
  };
}

function sentHeader(rest: string): Getter {
  const key = fieldOf(rest);
  const own = OWN[key];
  return exchange => {
    const { response } = exchange;
    if (!response) return undefined;
    return own?.(exchange, response) ?? linesOf(response.headers, key);
  };
}

/**
 * Fields that stand in no list: the connection writes them. Known once the head is written. Of Content-Type the first
 * line counts: others are of add_header.
 */
const OWN: Readonly<Record<string, (exchange: Exchange, response: Response) => string | undefined>> = {
  'content-length': (_, { contentLength }) => (contentLength >= 0 ? String(contentLength) : undefined),
  'content-type': (_, { headers }) => headers.get('content-type'),
  connection: ({ keepAlive }, { upgraded }) => (upgraded ? undefined : keepAlive ? 'keep-alive' : 'close'),
  'keep-alive': ({ keepAlive, location }) => {
    const { headerS } = location.core.keepaliveTimeout;
    return keepAlive && headerS ? `timeout=${headerS}` : undefined;
  },
};

/** The value of an argument, as it stands in the query; names compare in any case, as in nginx. */
export function argumentOf(args: string, name: string): string | undefined {
  for (const pair of args.split('&')) {
    const equals = pair.indexOf('=');
    if (equals === name.length && pair.slice(0, equals).toLowerCase() === name) return pair.slice(equals + 1);
  }
  return undefined;
}

/** The value of a cookie out of all Cookie lines (RFC 6265 §5.4). As in nginx spaces around it do not count, and tabs do. */
export function cookieOf(cookies: string, name: string): string | undefined {
  for (let from = 0; from < cookies.length; ) {
    const semicolon = cookies.indexOf(';', from);
    const end = semicolon === -1 ? cookies.length : semicolon;
    const equals = cookies.indexOf('=', from);
    if (equals !== -1 && equals < end && withoutSpaces(cookies, from, equals).toLowerCase() === name)
      return withoutSpaces(cookies, equals + 1, end);
    from = end + 1;
  }
  return undefined;
}

const SPACE = 32;

function withoutSpaces(text: string, from: number, to: number): string {
  while (from < to && text.charCodeAt(from) === SPACE) from++;
  while (to > from && text.charCodeAt(to - 1) === SPACE) to--;
  return text.slice(from, to);
}

export const HEADER_PREFIXES: readonly (readonly [string, (rest: string) => Getter])[] = [
  ['arg_', rest => exchange => argumentOf(exchange.args, rest)],
  ['http_', requestHeader],
  ['sent_http_', sentHeader],
  ['sent_trailer_', rest => lines(rest, exchange => exchange.response?.trailers)],
  [
    'cookie_',
    rest => exchange => {
      const cookies = exchange.head.headers.joined('cookie', ';');
      return cookies === undefined ? undefined : cookieOf(cookies, rest);
    },
  ],
  ['upstream_http_', rest => lines(rest, exchange => exchange.upstreamHeaders)],
  ['upstream_trailer_', rest => lines(rest, exchange => exchange.upstreamTrailers)],
  [
    'upstream_cookie_',
    rest => exchange => {
      const headers = exchange.upstreamHeaders;
      for (let at = 0; headers && at < headers.size; at++) {
        if (headers.keys[at] !== 'set-cookie') continue;
        const value = cookieOf(headers.valueAt(at).split(';')[0]!, rest);
        if (value !== undefined) return value;
      }
      return undefined;
    },
  ],
];
