/** Sends a request on to a pool and its answer back. */
import type { ContentModel } from '#model/l7/http.ts';
import type { Exchange } from '../exchange.ts';
import { type Phase, WAIT } from '../phase/verdict.ts';
import type { Compiler } from '../tables.ts';
import { ProxyCall, type ProxyRoute } from '../upstream/call.ts';
import { compileRequest } from '../upstream/request.ts';

type ProxyContent = Extract<ContentModel, { kind: 'proxy' }>;

/** Everything that does not depend on the request is decided here, once. */
export function proxyContent({ target }: ProxyContent, compiler: Compiler): Phase {
  const { tables, text, location } = compiler;
  const settings = location.settings.proxy;
  const defaultPort = target.scheme === 'https' ? 443 : 80;
  const authority = text(target.authority);
  const request = compileRequest(target, compiler);
  const fixed = target.dynamic
    ? undefined
    : tables.pools.forAuthority(authority({} as Exchange), defaultPort);
  const route: ProxyRoute = { settings, request, tls: target.scheme === 'https' };
  return exchange => {
    const host = authority(exchange);
    exchange.proxyHost = host;
    exchange.proxyPort = String(defaultPort);
    new ProxyCall(exchange, fixed ?? tables.pools.forAuthority(host, defaultPort), route).start();
    return WAIT;
  };
}
