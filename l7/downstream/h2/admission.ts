/** How a stream's request becomes an exchange, and which requests of HTTP/2 are refused before a server looks at them. */
import { Exchange } from '../../exchange.ts';
import { tlsRefusal } from '../../tls/gate.ts';
import type { RequestHead } from '../../wire/h1/request-head.ts';
import { parseTarget, type RequestUri } from '../../wire/h1/uri.ts';
import type { RequestReader } from '../../wire/h2/request.ts';
import { cleanHost } from '../host.ts';
import { ANY_METHOD, answerServer } from '../whole-server.ts';
import type { H2Stream } from './stream.ts';

/** Gives the stream its exchange, and starts or ends that. */
export function admit(stream: H2Stream, request: RequestReader, head: RequestHead): void {
  const { engine } = stream.connection;
  const { listener, tables } = stream.connection.tables;
  const uri = parseTarget(head.target, listener.default.model.core.mergeSlashes);
  const host = cleanHost(head.host ?? '');
  const server = host === undefined ? listener.default : listener.find(host);
  const exchange = new Exchange(head, server, tables, stream, stream, engine.clock);
  stream.exchange = exchange;
  exchange.host = host ?? '';
  exchange.path = uri?.path ?? '';
  exchange.args = uri?.args ?? '';
  exchange.body = stream.expectBody(head);
  if (ended(stream, request, head, uri)) return;
  listener.capture(exchange);
  const refusal = tlsRefusal(exchange);
  if (refusal > 0) exchange.finish(refusal);
  else exchange.start();
}

/** Refuses what is no request for a resource, or answers it. @returns whether it did */
function ended(
  stream: H2Stream,
  request: RequestReader,
  { method, target }: RequestHead,
  uri: RequestUri | undefined,
): boolean {
  const { exchange } = stream;
  if (request.fault) return refuse(stream, request.fault.status, request.fault.reason);
  if (method === 'CONNECT') {
    const refusal = stream.openTunnel(request);
    if (refusal > 0) return refuse(stream, refusal, 'CONNECT method');
  }
  if (target === '*' && exchange.host) {
    answerServer(exchange);
    return true;
  }
  if (!uri) return refuse(stream, 400, 'invalid request target');
  if (!exchange.host) return refuse(stream, 400, 'invalid host header');
  return method === 'TRACE' && refuse(stream, 405, 'TRACE method');
}

function refuse({ connection, exchange }: H2Stream, status: number, reason: string): true {
  if (status !== 405) connection.engine.traffic.malformed(reason);
  exchange.log('info', `client sent ${reason} while reading client request headers`);
  exchange.allowed = ANY_METHOD;
  exchange.finish(status);
  return true;
}
