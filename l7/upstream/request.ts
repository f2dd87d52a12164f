/** Writes the request that goes to a server: line, headers, framing. */
import type { ProxyTarget } from '#model/l7/proxy.ts';
import type { Exchange } from '../exchange.ts';
import type { Compiler } from '../tables.ts';
import { escapePath } from '../wire/h1/uri.ts';

/** Fields of the client's connection, not of its request (RFC 9110 §7.6.1), and those that moat writes itself. */
const OWN_FIELDS = new Set([
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'content-length',
]);

/** How the body goes on: its length in bytes, 0 for none, or -1 for chunked. */
export type RequestText = (exchange: Exchange, bodyBytes: number) => string;

/** Compiles the head of requests to a target. */
export function compileRequest(target: ProxyTarget, compiler: Compiler): RequestText {
  const { location, text } = compiler;
  const settings = location.settings.proxy;
  const overrides = settings.setHeaders.map(({ name, value }) => ({
    name,
    key: name.toLowerCase(),
    value: text(value),
  }));
  const overridden = new Set(overrides.map(header => header.key));
  const dropped = new Set([...OWN_FIELDS, ...overridden]);
  const version = settings.httpVersion === '1.0' ? 'HTTP/1.0' : 'HTTP/1.1';
  const method = settings.method === undefined ? undefined : text(settings.method);
  const uri = compileUri(target, compiler);
  const ownHost = !overridden.has('host');
  const ownLength = !overridden.has('content-length');
  return (exchange, bodyBytes) => {
    let head = `${method?.(exchange) ?? exchange.method} ${uri(exchange)} ${version}\r\n`;
    if (ownHost) head += `Host: ${exchange.proxyHost}\r\n`;
    const upgrades = exchange.head.opensTunnel && exchange.main === exchange;
    if (upgrades) head += `Upgrade: ${exchange.head.upgrade}\r\nConnection: upgrade\r\n`;
    for (const { name, key, value } of overrides) {
      if (upgrades && (key === 'upgrade' || key === 'connection')) continue;
      const text = value(exchange);
      if (text !== '') head += `${name}: ${text}\r\n`;
    }
    if (bodyBytes < 0) head += 'Transfer-Encoding: chunked\r\n';
    else if (ownLength && (bodyBytes > 0 || hasBody(exchange) || saysEmpty(exchange)))
      head += `Content-Length: ${bodyBytes}\r\n`;
    if (settings.passRequestHeaders) head += exchange.head.headers.linesWithout(dropped);
    return `${head}\r\n`;
  };
}

const hasBody = ({ body }: Exchange) => body !== undefined && !body.forsaken;

/** A POST that says its body is empty goes on saying so (RFC 9110 §8.6). */
const saysEmpty = ({ method, head }: Exchange) => method !== 'GET' && head.headers.has('content-length');

/**
 * nginx's rules: the target as sent where nothing changed it; with a URI in proxy_pass that replaces the matched prefix;
 * with variables in the URL its own path, where it has one, is all that is sent.
 */
export function compileUri(target: ProxyTarget, { text }: Compiler): (exchange: Exchange) => string {
  const withArgs = (path: string, exchange: Exchange) =>
    exchange.args === '' ? path : `${path}?${exchange.args}`;
  const own = (exchange: Exchange) =>
    exchange.untouched ? exchange.requestUri : withArgs(escapePath(exchange.path), exchange);
  if (target.dynamic) {
    const url = text(target.url);
    return exchange => {
      const path = /^https?:\/\/(?:unix:[^:]+:?|[^/?#]*)(.*)$/is.exec(url(exchange))?.[1] ?? '';
      return path === '' ? own(exchange) : path.startsWith('/') ? path : `/${path}`;
    };
  }
  const { uri } = target;
  if (uri === undefined) return own;
  const replaced = target.replaces.length;
  return exchange =>
    withArgs(
      exchange.prefixHolds ? uri + escapePath(exchange.path.slice(replaced)) : escapePath(exchange.path),
      exchange,
    );
}
