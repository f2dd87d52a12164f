/** Variables named after a header, an argument or a cookie. */
import type { Getter } from './space.ts';

/** `user_agent` → `user-agent`. */
const fieldOf = (rest: string) => rest.replaceAll('_', '-');

/** These come as lists joined by commas (or, cookies, by semicolons); of others, as in nginx, all lines joined too. */
function requestHeader(rest: string): Getter {
  const key = fieldOf(rest);
  const separator = key === 'cookie' ? '; ' : ', ';
  return exchange => exchange.head.headers.joined(key, separator);
}

function sentHeader(rest: string): Getter {
  const key = fieldOf(rest);
  return exchange => {
    const { response } = exchange;
    if (!response) return undefined;
    if (key === 'content-length')
      return response.contentLength >= 0 ? String(response.contentLength) : undefined;
    return response.headers.joined(key);
  };
}

/** The value of an argument, as it stands in the query; names compare in any case, as in nginx. */
export function argumentOf(args: string, name: string): string | undefined {
  for (const pair of args.split('&')) {
    const equals = pair.indexOf('=');
    if (equals === name.length && pair.slice(0, equals).toLowerCase() === name) return pair.slice(equals + 1);
  }
  return undefined;
}

/** The value of a cookie out of all Cookie lines (RFC 6265 §5.4). */
export function cookieOf(cookies: string, name: string): string | undefined {
  for (const pair of cookies.split(';')) {
    const equals = pair.indexOf('=');
    if (equals !== -1 && pair.slice(0, equals).trim().toLowerCase() === name)
      return pair.slice(equals + 1).trim();
  }
  return undefined;
}

export const HEADER_PREFIXES: readonly (readonly [string, (rest: string) => Getter])[] = [
  ['arg_', rest => exchange => argumentOf(exchange.args, rest)],
  ['http_', requestHeader],
  ['sent_http_', sentHeader],
  ['sent_trailer_', rest => exchange => exchange.response?.trailers?.joined(fieldOf(rest))],
  [
    'cookie_',
    rest => exchange => {
      const cookies = exchange.head.headers.joined('cookie', ';');
      return cookies === undefined ? undefined : cookieOf(cookies, rest);
    },
  ],
  ['upstream_http_', rest => exchange => exchange.upstreamHeaders?.joined(fieldOf(rest))],
  ['upstream_trailer_', rest => exchange => exchange.upstreamTrailers?.joined(fieldOf(rest))],
  [
    'upstream_cookie_',
    rest => exchange => {
      const headers = exchange.upstreamHeaders;
      for (let at = 0; headers && at < headers.size; at++) {
        if (headers.keys[at] !== 'set-cookie') continue;
        const value = cookieOf(headers.values[at]!.split(';')[0]!, rest);
        if (value !== undefined) return value;
      }
      return undefined;
    },
  ],
];
