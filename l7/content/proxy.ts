/** Sends a request on to a pool and its answer back. */
import type { ContentModel } from '#model/l7/http.ts';
import type { ProxyTarget } from '#model/l7/proxy.ts';
import type { Exchange } from '../exchange.ts';
import { type Phase, WAIT } from '../phase/verdict.ts';
import type { Compiler } from '../tables.ts';
import { compileAnswer } from '../upstream/answer.ts';
import { ProxyCall, type ProxyRoute } from '../upstream/call.ts';
import { PLAIN } from '../upstream/connector.ts';
import type { Pool } from '../upstream/pool.ts';
import { compileRequest } from '../upstream/request.ts';

type ProxyContent = Extract<ContentModel, { kind: 'proxy' }>;

/** Where one request goes: worked out once for fixed targets, for each request where variables are in the URL. */
interface Destination {
  readonly host: string;
  readonly port: string;
  readonly pool: Pool;
}

/** Everything that does not depend on the request is decided here, once. */
export function proxyContent({ target }: ProxyContent, compiler: Compiler): Phase {
  const { settings } = compiler.location;
  const plainUrl = typeof target.url === 'string' ? target.url : '';
  const hasUri = target.uri !== undefined;
  const route: ProxyRoute = {
    settings: settings.proxy,
    request: compileRequest(target, compiler),
    answer: compileAnswer(
      settings.proxy,
      compiler,
      hasUri ? plainUrl : `${plainUrl}/`,
      hasUri ? target.replaces : '/',
    ),
    connector: () => PLAIN,
    body: settings.proxy.setBody === undefined ? undefined : compiler.text(settings.proxy.setBody),
    next: new Set(settings.proxy.nextUpstream),
  };
  const destinationOf = destinations(target, compiler);
  return exchange => {
    const destination = destinationOf(exchange);
    if (!destination) {
      exchange.log('error', `invalid URL in proxy_pass`);
      return 500;
    }
    exchange.proxyHost = destination.host;
    exchange.proxyPort = destination.port;
    new ProxyCall(exchange, destination.pool, route).start();
    return WAIT;
  };
}

function destinations(
  target: ProxyTarget,
  { tables, text }: Compiler,
): (exchange: Exchange) => Destination | undefined {
  if (!target.dynamic) {
    const fixed = destination(target.scheme, target.authority as string, tables.pools);
    return () => fixed;
  }
  const url = text(target.url);
  return exchange => {
    const match = /^(https?):\/\/(unix:[^:]+|[^/?#]+)/i.exec(url(exchange));
    return match ? destination(match[1]!.toLowerCase(), match[2]!, tables.pools) : undefined;
  };
}

function destination(scheme: string, host: string, pools: Compiler['tables']['pools']): Destination {
  const defaultPort = scheme === 'https' ? 443 : 80;
  const written = /:(\d+)$/.exec(host)?.[1];
  const shown = host.startsWith('unix:') ? 'localhost' : host;
  return {
    host: shown,
    port: host.startsWith('unix:') ? '' : (written ?? String(defaultPort)),
    pool: pools.forAuthority(host, defaultPort),
  };
}
