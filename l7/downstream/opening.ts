/** A client's connection before it speaks HTTP: the header of a proxy is read, then TLS chosen by what the client names. */
import type { ListenModel } from '#model/l7/http.ts';
import type { ClientOcspModel, ServerTls } from '#model/l7/tls.ts';
import type { TlsHandle } from '#native/tls.ts';
import { Deadline, type DeadlineOwner } from '../deadline.ts';
import type { Engine } from '../engine.ts';
import type { ListenerTable } from '../listen.ts';
import type { ServerTable, Tables } from '../tables.ts';
import { looksLikeTls, readClientHello } from '../tls/client-hello.ts';
import { HTTP1_NAMES, HTTP2_NAMES } from '../tls/context.ts';
import { handshakeExchange } from '../tls/handshake-exchange.ts';
import { hasNamed } from '../tls/named-certificates.ts';
import { TlsSession } from '../tls/session.ts';
import type { StreamTransport } from '../transport/stream.ts';
import type { TransportOwner } from '../transport/transport.ts';
import { PREFACE } from '../wire/h2/frame.ts';
import { readProxyHeader } from '../wire/proxy/header.ts';
import type { ConnectionFacts } from './downstream.ts';
import { H1Connection } from './h1.ts';
import { H2Connection } from './h2/connection.ts';
import { cleanHost } from './host.ts';

/** A fatal alert: unrecognized_name (RFC 6066 §3). */
const UNRECOGNIZED_NAME = Buffer.from([0x15, 3, 1, 0, 2, 2, 112]);
/** Another: internal_error (RFC 8446 §6.2). */
const INTERNAL_ERROR = Buffer.from([0x15, 3, 1, 0, 2, 2, 80]);
/** Of a broken header, in the log. */
const MOST_SHOWN_BYTES = 64;

export class Opening implements TransportOwner, DeadlineOwner {
  readonly #engine: Engine;
  readonly #table: ListenerTable;
  readonly #tables: Tables;
  readonly #listen: ListenModel;
  readonly #deadline: Deadline;
  #facts: ConnectionFacts;
  #transport!: StreamTransport;
  #held: Buffer | undefined;
  #awaitsProxy: boolean;
  /** Whose certificate is being shown, and to whom. */
  #shaking: { readonly tls: ServerTls; readonly serverName: string } | undefined;
  /** The authorities of the client are asked about its certificate. */
  #asking = false;
  #fault = '';
  /** The client is an authority that was shown that a name is ours. */
  #proves = false;

  constructor(engine: Engine, table: ListenerTable, listen: ListenModel, facts: ConnectionFacts) {
    this.#engine = engine;
    this.#table = table;
    this.#listen = listen;
    this.#tables = engine.tables;
    this.#facts = facts;
    this.#awaitsProxy = listen.proxyProtocol;
    this.#deadline = new Deadline(engine.clock, this);
  }

  open(transport: StreamTransport): void {
    this.#transport = transport;
    this.#deadline.set(this.#table.default.model.core.clientHeaderTimeoutMs);
  }

  transportDrained(): void {}

  transportData(bytes: Buffer): void {
    const all = this.#held ? Buffer.concat([this.#held, bytes]) : bytes;
    this.#held = undefined;
    if (this.#asking) this.#hold(all);
    else if (this.#awaitsProxy) this.#readProxyHeader(all);
    else this.#readClient(all);
  }

  #hold(bytes: Buffer): void {
    this.#held = Buffer.from(bytes);
  }

  #readProxyHeader(bytes: Buffer): void {
    const header = readProxyHeader(bytes);
    if (header === 'partial') return this.#hold(bytes);
    if (header === 'broken') return this.#refuseProxyHeader(bytes);
    this.#awaitsProxy = false;
    this.#facts = { ...this.#facts, proxied: header.proxied };
    if (bytes.length > header.bytes) this.#readClient(bytes.subarray(header.bytes));
  }

  #refuseProxyHeader(bytes: Buffer): void {
    this.#engine.traffic.malformed('broken PROXY protocol header');
    const shown = bytes.toString('latin1', 0, MOST_SHOWN_BYTES).replace(/[^ -~]/g, '.');
    this.#log('error', `broken header: "${shown}" while reading PROXY protocol`);
    this.#transport.destroy();
  }

  /** The client's own first bytes. */
  #readClient(bytes: Buffer): void {
    if (!this.#listen.tls) return this.#readPlain(bytes);
    if (!looksLikeTls(bytes[0]!)) return this.#serve({ ...this.#facts, plainOnTlsPort: true }, bytes);
    const hello = readClientHello(bytes);
    if (hello === 'partial') this.#hold(bytes);
    else if (hello === 'strange') this.#negotiate(bytes, '');
    else if (!hello.asksForProof || !this.#prove(bytes, hello.serverName.toLowerCase()))
      this.#negotiate(bytes, cleanHost(hello.serverName) ?? '');
  }

  /** Who knows that HTTP/2 is spoken here may begin with its preface (RFC 9113 §3.3). */
  #readPlain(bytes: Buffer): void {
    const length = speaksHttp2(this.#table.default, this.#listen)
      ? Math.min(bytes.length, PREFACE.length)
      : 0;
    const begun = bytes.latin1Slice(0, length);
    if (begun === PREFACE)
      this.#handOver(new H2Connection(this.#engine, this.#table, this.#facts)).transportData(bytes);
    else if (length > 0 && PREFACE.startsWith(begun)) this.#hold(bytes);
    else this.#serve(this.#facts, bytes);
  }

  #serve(facts: ConnectionFacts, bytes: Buffer): void {
    this.#handOver(new H1Connection(this.#engine, this.#table, facts)).transportData(bytes);
  }

  /** tls-alpn-01: shows the certificate that nobody else would trust. @returns false for a name that nobody is to ask about */
  #prove(first: Buffer, name: string): boolean {
    const { acme, secureContexts } = this.#engine;
    const answer = acme.tlsAnswer(name);
    if (!answer) return false;
    this.#transport.serveTls(secureContexts.proof(answer), first);
    this.#proves = true;
    return true;
  }

  #negotiate(first: Buffer, serverName: string): void {
    const server = this.#table.find(serverName);
    const shown = showsCertificate(server) ? server : this.#table.default;
    const { tls } = shown.model;
    if (!tls || tls.rejectHandshake) return this.#reject(UNRECOGNIZED_NAME);
    try {
      this.#transport.serveTls(
        this.#contextOf(
          shown,
          tls,
          serverName,
          speaksHttp2(server, this.#listen) ? HTTP2_NAMES : HTTP1_NAMES,
        ),
        first,
      );
      this.#shaking = { tls, serverName };
    } catch (error) {
      this.#log('error', `${(error as Error).message} while SSL handshaking`);
      this.#reject(INTERNAL_ERROR);
    }
  }

  /** @throws {Error} of OpenSSL, or of a file */
  #contextOf(server: ServerTable, tls: ServerTls, serverName: string, alpn: readonly string[]): TlsHandle {
    const { secureContexts, namedCertificates } = this.#engine;
    if (!hasNamed(tls)) return secureContexts.of(server, tls, alpn);
    const exchange = handshakeExchange(this.#engine.clock, this.#tables, server, this.#facts, serverName);
    this.#table.capture(exchange);
    return namedCertificates.of(tls, exchange, alpn);
  }

  /** The handshake is done. */
  transportConnected(): void {
    if (this.#proves) return this.#transport.closeSoon(); // all is said
    const { tls, serverName } = this.#shaking!;
    const session = new TlsSession(this.#transport, serverName, tls);
    const isShown = tls.ocsp && session.fact('certificate') !== undefined && session.fact('verify') === '';
    if (isShown) void this.#askAuthorities(session, tls, tls.ocsp!);
    else this.#secured(session);
  }

  #secured(tls: TlsSession): H1Connection | H2Connection {
    const facts = { ...this.#facts, tls };
    const Spoken = tls.alpn === 'h2' ? H2Connection : H1Connection;
    return this.#handOver(new Spoken(this.#engine, this.#table, facts));
  }

  /** Nothing is read meanwhile; what came already waits. */
  async #askAuthorities(session: TlsSession, tls: ServerTls, ocsp: ClientOcspModel): Promise<void> {
    this.#asking = true;
    this.#transport.pause();
    const refusal = await this.#engine.clientOcsp.check(tls, ocsp, this.#transport.tlsChain());
    if (this.#transport.closed) return;
    this.#asking = false;
    if (refusal) {
      this.#log('error', refusal.reason);
      session.refuse(refusal.fault);
    }
    const held = this.#held;
    const connection = this.#secured(session);
    this.#transport.resume();
    if (held) connection.transportData(held);
  }

  #handOver<T extends H1Connection | H2Connection>(connection: T): T {
    this.#deadline.dispose();
    this.#transport.owner = connection;
    this.#engine.remember(connection);
    this.#engine.forget(this);
    connection.open(this.#transport);
    return connection;
  }

  #reject(alert: Buffer): void {
    this.#transport.writeBytes(alert);
    this.#transport.closeSoon();
  }

  get #where(): string {
    const { localAddress, localPort } = this.#facts;
    return localAddress.startsWith('unix:') ? localAddress : `${localAddress}:${localPort}`;
  }

  #log(level: 'info' | 'error' | 'crit', message: string): void {
    const { root } = this.#table.default;
    root.errorLog.writeOfConnection(level, this.#facts, this.#where, message);
  }

  transportEnded(): void {
    this.#transport.destroy();
  }

  transportClosed(error?: NodeJS.ErrnoException): void {
    this.#deadline.dispose();
    this.#engine.forget(this);
    if (!this.#shaking) return;
    this.#engine.traffic.handshakeFailed();
    this.#log('info', `${this.#fault || faultIn(error)} while SSL handshaking`);
  }

  deadlineExpired(): void {
    this.#fault ||= 'client timed out';
    this.destroy();
  }

  get idle(): boolean {
    return this.#held === undefined && !this.#shaking;
  }

  drain(): void {
    if (this.idle) this.destroy();
  }

  destroy(): void {
    this.#transport.destroy();
  }
}

const showsCertificate = ({ model }: ServerTable): boolean =>
  model.tls !== undefined && (model.tls.certificates.length > 0 || model.tls.rejectHandshake);

/** `http2 on`, or the old parameter of `listen`. */
export const speaksHttp2 = ({ model }: ServerTable, listen: ListenModel): boolean =>
  listen.http2 || model.core.http2;

/** TLS says by itself what is wrong with it; else the client has gone, and the kernel may say how. */
function faultIn(error: NodeJS.ErrnoException | undefined): string {
  if (error?.code === 'EPROTO') return error.message;
  return `peer closed connection in SSL handshake${error ? ` (${error.message})` : ''}`;
}
