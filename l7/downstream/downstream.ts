/** The client's side of an exchange, whatever protocol it speaks. */
import type { TLS_FACTS } from '#native/tls.ts';
import type { Exchange } from '../exchange.ts';
import type { BodySink, Response } from '../response.ts';
import type { TunnelEnd } from '../transport/relay.ts';

/** Facts that OpenSSL knows of a session. */
export type TlsFactName = keyof typeof TLS_FACTS;

/** What is known of a TLS session; computed on demand. */
export interface TlsInfo {
  /** The host that the client named, lower case; '' for none. */
  readonly serverName: string;
  /** Sessions of one realm were asked the same of their clients. */
  readonly realm: string;
  /** '' when none was agreed. */
  readonly alpn: string;
  /** @returns undefined for what only a certificate of the client would tell, when there is none */
  fact(name: TlsFactName): string | undefined;
  /** The connection is closed, and its session will still be asked for: called within transportClosed(). */
  keep(): void;
}

/** What is known of a connection when its first request comes. */
export interface ConnectionFacts {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly tls?: TlsInfo | undefined;
  /** What a PROXY protocol header said. */
  readonly proxied?: ProxiedAddress | undefined;
  /** The client speaks plain HTTP where TLS is spoken: it gets nothing but that told. */
  readonly plainOnTlsPort?: boolean;
}

/** Addresses and counts of a client's connection. */
export interface Connection extends ConnectionFacts {
  readonly id: number;
  readonly startedMs: number;
  /** Requests so far, this one included. */
  requests: number;
  /** Its socket; -1 once that is closed. */
  readonly fd: number;
}

export interface ProxiedAddress {
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly targetAddress: string;
  readonly targetPort: number;
  readonly tlvs: ReadonlyMap<number, Buffer>;
}

/** Writes an answer. The body arrives through the BodySink methods, after writeHead. */
export interface Downstream extends BodySink {
  readonly protocol: string;
  readonly bytesSent: number;
  readonly bodyBytesSent: number;
  writeHead(exchange: Exchange, response: Response): void;
  /** Sends 1xx (100, 103) if the protocol version knows it. */
  writeInformation(status: number, headers: readonly (readonly [string, string])[]): void;
  /** Cuts the connection (h1) or resets the stream (h2). */
  reset(): void;
  /** Hands over the raw connection after a 101; undefined when the protocol can not. */
  tunnel(): TunnelEnd | undefined;
  /** The tunnel is closed. @param bytesToClient for the log */
  tunnelEnded(bytesToClient: number): void;
}
