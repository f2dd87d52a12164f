/** Writes the head of a request to a server that speaks HTTP/2: the header block of its stream (RFC 9113 §8.3.1). */
import type { ProxyTarget } from '#model/l7/proxy.ts';
import type { Compiler } from '../tables.ts';
import { OF_CONNECTION } from '../wire/h2/connection-fields.ts';
import { encodeField } from '../wire/h2/hpack-encoder.ts';
import { type RequestText, requestParts, tellsLength } from './request.ts';

/** Compiles the header block of requests to a target. */
export function compileHttp2Request(target: ProxyTarget, compiler: Compiler): RequestText {
  const { overrides, dropped, method, uri, ownHost, ownLength } = requestParts(target, compiler);
  const { passRequestHeaders } = compiler.location.settings.proxy;
  const host = overrides.find(header => header.key === 'host');
  const others = overrides.filter(({ key }) => key !== 'host' && !OF_CONNECTION.has(key));
  return (exchange, bodyBytes) => {
    const authority = ownHost ? exchange.proxyHost : host?.value(exchange);
    let block =
      encodeField(':method', method?.(exchange) ?? exchange.method) +
      encodeField(':scheme', exchange.proxyTls ? 'https' : 'http') +
      encodeField(':path', uri(exchange));
    if (authority) block += encodeField(':authority', authority);
    for (const { key, value } of others) {
      const text = value(exchange);
      // RFC 9113 §8.2.2: of what TE may say, this alone.
      if (text !== '' && (key !== 'te' || text === 'trailers')) block += encodeField(key, text);
    }
    if (ownLength && tellsLength(exchange, bodyBytes))
      block += encodeField('content-length', String(bodyBytes));
    if (!passRequestHeaders) return block;
    const { headers } = exchange.head;
    const { keys } = headers;
    for (let at = 0; at < keys.length; at++)
      if (!dropped.has(keys[at]!)) block += encodeField(keys[at]!, headers.valueAt(at));
    return block;
  };
}
