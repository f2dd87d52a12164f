/** A stream's connection as its request sees it: the same for all streams, but for which request this one is. */
import type { Connection, ProxiedAddress, TlsInfo } from '../downstream.ts';
import type { H2Connection } from './connection.ts';

export class StreamFacts implements Connection {
  requests: number;
  readonly connection: H2Connection;

  constructor(connection: H2Connection) {
    this.connection = connection;
    this.requests = connection.requests;
  }

  get id(): number {
    return this.connection.id;
  }
  get fd(): number {
    return this.connection.transport.fd;
  }
  get startedMs(): number {
    return this.connection.startedMs;
  }
  get remoteAddress(): string {
    return this.connection.facts.remoteAddress;
  }
  get remotePort(): number {
    return this.connection.facts.remotePort;
  }
  get localAddress(): string {
    return this.connection.facts.localAddress;
  }
  get localPort(): number {
    return this.connection.facts.localPort;
  }
  get tls(): TlsInfo | undefined {
    return this.connection.facts.tls;
  }
  get proxied(): ProxiedAddress | undefined {
    return this.connection.facts.proxied;
  }
}
