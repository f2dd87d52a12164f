/** Variables of the servers that a request was sent on to; several tries stand in one value, in order. */
import type { Exchange } from '../exchange.ts';
import { CHUNKED } from '../wire/h1/request-head.ts';
import type { Getter } from './space.ts';

/** One try at one member. Times are ms; -1 where that point was never reached. */
export interface Attempt {
  /** Its address; the name of the pool where no member could be chosen. */
  readonly member: string;
  /** Whether the request came to this pool with it: an internal redirect may lead a request to several. */
  readonly opens: boolean;
  /** As the configuration names it. */
  readonly serverName: string;
  status: number;
  connectMs: number;
  headerMs: number;
  /** In the queue of the pool, before the try. */
  queueMs: number;
  responseMs: number;
  /** While a body is on its way to the member. */
  sending: boolean;
  bytesSent: number;
  bytesReceived: number;
  bodyBytes: number;
}

/** All tries; a colon stands where the request went on to another pool. */
function each({ attempts }: Exchange, of: (attempt: Attempt) => string): string | undefined {
  if (attempts.length === 0) return undefined;
  let text = of(attempts[0]!);
  for (let at = 1; at < attempts.length; at++)
    text += (attempts[at]!.opens ? ' : ' : ', ') + of(attempts[at]!);
  return text;
}

const time = (ms: number) => (ms < 0 ? '-' : (ms / 1000).toFixed(3));

export const UPSTREAM_VARIABLES = {
  upstream_addr: exchange => each(exchange, attempt => attempt.member),
  upstream_status: exchange => each(exchange, attempt => (attempt.status ? String(attempt.status) : '-')),
  upstream_connect_time: exchange => each(exchange, attempt => time(attempt.connectMs)),
  upstream_header_time: exchange => each(exchange, attempt => time(attempt.headerMs)),
  upstream_response_time: exchange => each(exchange, attempt => time(attempt.responseMs)),
  upstream_queue_time: exchange => each(exchange, attempt => time(attempt.queueMs)),
  upstream_response_length: exchange => each(exchange, attempt => String(attempt.bodyBytes)),
  upstream_bytes_sent: exchange => each(exchange, attempt => String(attempt.bytesSent)),
  upstream_bytes_received: exchange => each(exchange, attempt => String(attempt.bytesReceived)),
  upstream_last_addr: exchange => exchange.attempts.at(-1)?.member,
  upstream_last_server_name: exchange => exchange.attempts.at(-1)?.serverName,
  proxy_host: exchange => exchange.proxyHost,
  proxy_port: exchange => exchange.proxyPort,
  proxy_internal_body_length: ({ storedBody, body }) =>
    String(Math.max(storedBody?.bytes ?? body?.length ?? 0, 0)),
  proxy_internal_chunked: ({ storedBody, body }) =>
    !storedBody && body?.length === CHUNKED ? 'chunked' : '',
  // There is no cache.
  upstream_cache_status: () => undefined,
  upstream_cache_last_modified: () => undefined,
  upstream_cache_etag: () => undefined,
  proxy_add_forwarded: exchange => {
    const before = exchange.head.headers.joined('forwarded');
    return before === undefined ? forwardedHop(exchange) : `${before}, ${forwardedHop(exchange)}`;
  },
  proxy_add_x_forwarded_for: exchange => {
    const before = exchange.head.headers.joined('x-forwarded-for');
    return before === undefined ? exchange.remoteAddress : `${before}, ${exchange.remoteAddress}`;
  },
} satisfies Record<string, Getter>;

/** This hop as RFC 7239 writes it: what is no token is quoted, and IPv6 in brackets. */
function forwardedHop({ remoteAddress, connection, head }: Exchange): string {
  const address = remoteAddress.includes(':') ? `"[${remoteAddress}]"` : remoteAddress;
  const client = remoteAddress.startsWith('unix:') ? 'unknown' : address;
  const host = head.host === undefined ? '' : `;host=${tokenOrQuoted(head.host)}`;
  return `for=${client}${host};proto=${connection.tls ? 'https' : 'http'}`;
}

function tokenOrQuoted(text: string): string {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}
