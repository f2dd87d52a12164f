/** Tells of a request when it is over: a row of the logs of its location, where otel_trace is on and somebody is told. */
import type { Exchange } from '../exchange.ts';
import type { Compiler, RequestLog } from '../tables.ts';
import { traceOf } from './rules.ts';
import { numberAttribute, spanText, textAttribute } from './span.ts';

/** A value of a request is no longer in a span. */
const MOST_CHARS = 1024;

export function spanLog(compiler: Compiler): RequestLog | undefined {
  const { location, tables, text, worker } = compiler;
  const { trace, spanName, attributes } = location.settings.trace;
  if (trace === 'off' || !tables.model.traceExporter) return undefined;
  const name = spanName === undefined ? undefined : text(spanName);
  const own = attributes.map(one => ({ name: one.name, value: text(one.value) }));
  const route = location.match.kind === 'none' ? '' : location.label;
  const { spans } = worker;
  spans.follow(tables.model.traceExporter);
  return exchange => {
    if (exchange.main !== exchange) return;
    const begun = traceOf(exchange);
    if (!begun?.sampled) return;
    let texts = attributesText(exchange, route);
    for (const one of own) texts += `,${textAttribute(one.name, cut(one.value(exchange)))}`;
    const status = statusOf(exchange);
    spans.add(
      spanText({
        trace: begun,
        name: cut(name?.(exchange) || route || exchange.head.method),
        ...{ startMs: exchange.startedMs, endMs: exchange.clock.nowMs() },
        ...{ attributes: texts, isError: status >= 500 || status === 0 },
      }),
    );
  };
}

const cut = (value: string): string => (value.length > MOST_CHARS ? value.slice(0, MOST_CHARS) : value);

const statusOf = ({ response, errorStatus, failedStatus }: Exchange): number =>
  response?.status ?? (errorStatus || failedStatus);

/** By the semantic conventions of OpenTelemetry for servers of HTTP. */
function attributesText(exchange: Exchange, route: string): string {
  const { head, connection, host, remoteAddress } = exchange;
  const status = statusOf(exchange);
  const path = exchange.requestUri.split('?', 1)[0] ?? '';
  const agent = head.headers.get('user-agent');
  let text = textAttribute('http.request.method', cut(head.method));
  text += `,${textAttribute('url.scheme', connection.tls ? 'https' : 'http')}`;
  text += `,${textAttribute('url.path', cut(path))}`;
  if (route !== '') text += `,${textAttribute('http.route', cut(route))}`;
  if (host !== '') text += `,${textAttribute('server.address', cut(host))}`;
  text += `,${textAttribute('client.address', remoteAddress)}`;
  text += `,${textAttribute('network.peer.address', connection.remoteAddress)}`;
  text += `,${textAttribute('network.protocol.version', versionOf(exchange))}`;
  if (agent !== undefined) text += `,${textAttribute('user_agent.original', cut(agent))}`;
  if (status > 0) text += `,${numberAttribute('http.response.status_code', status)}`;
  if (status >= 500 || status === 0)
    text += `,${textAttribute('error.type', status === 0 ? 'closed' : `${status}`)}`;
  return text;
}

/** `1.1`, `2`. */
const versionOf = ({ downstream }: Exchange): string =>
  downstream.protocol.replace(/^HTTP\//, '').replace(/^([2-9])\.0$/, '$1');
