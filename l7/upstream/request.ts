/** Writes the request that goes to a server: line, headers, framing. */
import type { ProxyTarget } from '#model/l7/proxy.ts';
import type { Exchange } from '../exchange.ts';
import { masks } from '../filter/mask.ts';
import type { Compiler } from '../tables.ts';
import { traceFields } from '../trace/rules.ts';
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

/** What makes answers into which waf_mask cannot look: coded ones, and parts of them. */
const UNREADABLE = ['accept-encoding', 'range', 'if-range'];

/** The head, as the version has it. How the body goes on: its length in bytes, 0 for none, or -1 for one of unknown length. */
export type RequestText = (exchange: Exchange, bodyBytes: number) => string;

/** A request that stands for a tunnel, and for nothing else. */
const opensTunnel = (exchange: Exchange): boolean => exchange.head.opensTunnel && exchange.main === exchange;

/** Whether a request asks for a tunnel and may have one: as in nginx the location has to pass Upgrade on. */
export function compileTunnelWish({ location, text }: Compiler): (exchange: Exchange) => boolean {
  const passed = location.settings.proxy.setHeaders.find(({ name }) => name.toLowerCase() === 'upgrade');
  const upgrade = passed && text(passed.value);
  return exchange =>
    opensTunnel(exchange) ||
    (upgrade !== undefined &&
      exchange.head.upgrade !== undefined &&
      exchange.main === exchange &&
      upgrade(exchange) !== '');
}

/** What the settings of a location make of requests to a target, whatever HTTP version says it. */
export function requestParts(target: ProxyTarget, compiler: Compiler) {
  const { location, text } = compiler;
  const settings = location.settings.proxy;
  const own = settings.setHeaders.map(({ name, value, adds = false }) => ({
    name,
    key: name.toLowerCase(),
    value: text(value),
    adds,
  }));
  const traced = traceFields(compiler).filter(({ key }) => !own.some(one => one.key === key));
  const overrides = [...own, ...traced];
  const overridden = new Set([...own.filter(({ adds }) => !adds), ...traced].map(header => header.key));
  return {
    overrides,
    dropped: new Set([...OWN_FIELDS, ...overridden, ...(masks(compiler) ? UNREADABLE : [])]),
    method: settings.method === undefined ? undefined : text(settings.method),
    uri: compileUri(target, compiler),
    ownHost: !overridden.has('host'),
    ownLength: !overridden.has('content-length'),
  };
}

/** Compiles the head of requests to a target. */
export function compileRequest(target: ProxyTarget, compiler: Compiler): RequestText {
  const { overrides, dropped, method, uri, ownHost, ownLength } = requestParts(target, compiler);
  const settings = compiler.location.settings.proxy;
  const version = settings.httpVersion === '1.0' ? 'HTTP/1.0' : 'HTTP/1.1';
  return (exchange, bodyBytes) => {
    let head = `${method?.(exchange) ?? exchange.method} ${uri(exchange)} ${version}\r\n`;
    if (ownHost) head += `Host: ${exchange.proxyHost}\r\n`;
    const upgrades = opensTunnel(exchange);
    if (upgrades) head += `Upgrade: ${exchange.head.upgrade}\r\nConnection: upgrade\r\n`;
    for (const { name, key, value } of overrides) {
      if (upgrades && (key === 'upgrade' || key === 'connection')) continue;
      const text = value(exchange);
      if (text !== '') head += `${name}: ${text}\r\n`;
    }
    if (bodyBytes < 0) head += 'Transfer-Encoding: chunked\r\n';
    else if (ownLength && tellsLength(exchange, bodyBytes)) head += `Content-Length: ${bodyBytes}\r\n`;
    if (settings.passRequestHeaders) head += exchange.head.headers.linesWithout(dropped);
    return `${head}\r\n`;
  };
}

/** Whether the length of a body is told: also that of one without bytes, where there is one at all. */
export const tellsLength = (exchange: Exchange, bodyBytes: number): boolean =>
  bodyBytes > 0 || (bodyBytes === 0 && (hasBody(exchange) || saysEmpty(exchange)));

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
  if (target.asSent) return exchange => exchange.requestUri;
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
