/** Sends a request on to a pool and its answer back. */
import type { ContentModel } from '#model/l7/http.ts';
import type { ProxyTarget } from '#model/l7/proxy.ts';
import type { Exchange } from '../exchange.ts';
import { type Phase, WAIT } from '../phase/verdict.ts';
import type { Compiler } from '../tables.ts';
import { compileAnswer } from '../upstream/answer.ts';
import { ProxyCall } from '../upstream/call.ts';
import { PLAIN, PLAIN_HTTP2 } from '../upstream/connector.ts';
import { compileHints } from '../upstream/early-hints.ts';
import { compileHttp2Request } from '../upstream/h2-request.ts';
import { withAddresses } from '../upstream/lookup.ts';
import type { Pool } from '../upstream/pool.ts';
import { compileRequest, compileTunnelWish, compileUri, type RequestText } from '../upstream/request.ts';
import type { ProxyRoute } from '../upstream/route.ts';
import { tlsConnector } from '../upstream/tls.ts';
import { withWayOut } from '../upstream/way-out.ts';
import { sizeOf } from '../variable/size.ts';

type ProxyContent = Extract<ContentModel, { kind: 'proxy' }>;

/** Where one request goes: worked out once for fixed targets, for each request where variables are in the URL. */
interface Destination {
  readonly host: string;
  readonly port: string;
  /** Undefined: the host has to be looked up. */
  readonly pool: Pool | undefined;
  readonly defaultPort: number;
  /** As written, with its port. */
  readonly authority: string;
  readonly tls: boolean;
}

/** Everything that does not depend on the request is decided here, once. */
export function proxyContent({ target }: ProxyContent, compiler: Compiler): Phase {
  const { settings } = compiler.location;
  const plainUrl = typeof target.url === 'string' ? target.url : '';
  const hasUri = target.uri !== undefined;
  const route: ProxyRoute = {
    settings: settings.proxy,
    request: requestOf(target, compiler),
    uri: compileUri(target, compiler),
    answer: compileAnswer(
      settings.proxy,
      compiler,
      hasUri ? plainUrl : `${plainUrl}/`,
      hasUri ? target.replaces : '/',
    ),
    hints: compileHints(compiler),
    connector: withWayOut(connectorOf(target, compiler), compiler),
    body: settings.proxy.setBody === undefined ? undefined : compiler.text(settings.proxy.setBody),
    bytesPerS: sizeOf(settings.proxy.limitRateBytesPerS, compiler.variables),
    next: new Set(settings.proxy.nextUpstream),
  };
  const destinationOf = destinations(target, compiler);
  const { pools } = compiler.tables;
  const { resolver, resolverTimeoutMs } = settings.core;
  const names = resolver && target.dynamic ? pools.resolvers.with(resolver, resolverTimeoutMs) : undefined;
  return exchange => {
    const destination = destinationOf(exchange);
    if (!destination) {
      exchange.log('error', `invalid URL in proxy_pass`);
      return 500;
    }
    exchange.proxyHost = destination.host;
    exchange.proxyPort = destination.port;
    exchange.proxyTls = destination.tls;
    const { pool, authority, defaultPort } = destination;
    if (pool) new ProxyCall(exchange, pool, route).start();
    else
      withAddresses(exchange, pools.hostOf(authority), names, addresses =>
        new ProxyCall(exchange, pools.at(authority, defaultPort, addresses), route).start(),
      );
    return WAIT;
  };
}

/** Tunnels go by HTTP/1: few servers open them over HTTP/2 (RFC 8441). */
function requestOf(target: ProxyTarget, compiler: Compiler): RequestText {
  const request = compileRequest(target, compiler);
  if (!speaksHttp2(compiler)) return request;
  const http2 = compileHttp2Request(target, compiler);
  const wantsTunnel = compileTunnelWish(compiler);
  return (exchange, bodyBytes) => (wantsTunnel(exchange) ? request : http2)(exchange, bodyBytes);
}

function connectorOf(target: ProxyTarget, compiler: Compiler): ProxyRoute['connector'] {
  const connector = connectorFor(target, compiler, false);
  if (!speaksHttp2(compiler)) return connector;
  const http2 = connectorFor(target, compiler, true);
  const wantsTunnel = compileTunnelWish(compiler);
  return exchange => (wantsTunnel(exchange) ? connector : http2)(exchange);
}

const speaksHttp2 = ({ location }: Compiler) => location.settings.proxy.httpVersion === '2';

/** How connections are made: the scheme of the URL says whether by TLS. */
function connectorFor(
  { scheme, url }: ProxyTarget,
  compiler: Compiler,
  http2: boolean,
): ProxyRoute['connector'] {
  const prefix = typeof url === 'string' ? url : url[0];
  const open = typeof prefix !== 'string'; // a variable may say either
  const plain = http2 ? PLAIN_HTTP2 : PLAIN;
  if (scheme === 'http' && !open) return () => plain;
  const { proxyTls } = compiler.location.settings;
  const name = proxyTls.name === undefined ? PROXY_HOST : compiler.text(proxyTls.name);
  const secure = tlsConnector(compiler.worker.upstreamRealms.of(proxyTls, http2 ? 'h2' : 'http1'), name);
  return open ? exchange => (exchange.proxyTls ? secure(exchange) : plain) : secure;
}

const PROXY_HOST = (exchange: Exchange) => exchange.proxyHost ?? '';

function destinations(
  target: ProxyTarget,
  { tables, text }: Compiler,
): (exchange: Exchange) => Destination | undefined {
  const { pools } = tables;
  if (!target.dynamic) {
    const authority = target.authority as string;
    const fixed = destination(target.scheme, authority, port => pools.forAuthority(authority, port));
    return () => fixed;
  }
  const url = text(target.url);
  return exchange => {
    const [, scheme, authority] = /^(https?):\/\/(unix:[^:]+|[^/?#]+)/i.exec(url(exchange)) ?? [];
    if (scheme === undefined || authority === undefined || !hasGoodPort(authority)) return undefined;
    return destination(scheme.toLowerCase(), authority, port => pools.known(authority, port));
  };
}

function hasGoodPort(authority: string): boolean {
  const port = /:(\d+)$/.exec(authority)?.[1];
  return port === undefined || (Number(port) > 0 && Number(port) < 65_536);
}

function destination(
  scheme: string,
  authority: string,
  poolOf: (defaultPort: number) => Pool | undefined,
): Destination {
  const defaultPort = scheme === 'https' ? 443 : 80;
  const written = /:(\d+)$/.exec(authority)?.[1];
  const unix = authority.startsWith('unix:');
  return {
    host: unix ? 'localhost' : authority,
    port: unix ? '' : (written ?? String(defaultPort)),
    pool: poolOf(defaultPort),
    defaultPort,
    authority,
    tls: scheme === 'https',
  };
}
