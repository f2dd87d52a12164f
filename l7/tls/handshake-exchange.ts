/** A client's handshake as an exchange, so that variables mean something before there is a request. */
import type { Clock } from '../clock.ts';
import type { Connection, ConnectionFacts, Downstream, TlsInfo } from '../downstream/downstream.ts';
import { Exchange } from '../exchange.ts';
import type { ServerTable, Tables } from '../tables.ts';
import { RequestHead } from '../wire/h1/request-head.ts';

/** @param tables that the server is of @param serverName that the client named; '' for none */
export function handshakeExchange(
  clock: Clock,
  tables: Tables,
  server: ServerTable,
  facts: ConnectionFacts,
  serverName: string,
): Exchange {
  const connection: Connection = {
    ...facts,
    id: 0,
    startedMs: clock.nowMs(),
    requests: 0,
    fd: -1,
    tls: nameOnly(serverName),
  };
  const exchange = new Exchange(new RequestHead(), server, tables, connection, NOBODY, clock, null);
  exchange.host = serverName;
  return exchange;
}

/** A session of which nothing is agreed on yet but whom the client wants. */
export const nameOnly = (serverName: string): TlsInfo => ({
  serverName,
  realm: '',
  alpn: '',
  fact: () => undefined,
  keep() {},
});

/** Takes no answer: there is none. */
const NOBODY: Downstream = {
  protocol: '',
  bytesSent: 0,
  bodyBytesSent: 0,
  writeHead() {},
  write: () => true,
  end() {},
  writeInformation() {},
  reset() {},
  tunnel: () => undefined,
  tunnelEnded() {},
};
