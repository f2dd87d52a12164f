/** A client's connection before it speaks HTTP: the header of a proxy is read, then TLS chosen by what the client names. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ListenModel } from '#model/l7/http.ts';
import type { ServerTls } from '#model/l7/tls.ts';
import { Deadline, type DeadlineOwner } from '../deadline.ts';
import type { Engine } from '../engine.ts';
import type { ListenerTable } from '../listen.ts';
import type { ServerTable } from '../tables.ts';
import { looksLikeTls, readClientHello } from '../tls/client-hello.ts';
import { opensslReason } from '../tls/reason.ts';
import { TlsSession } from '../tls/session.ts';
import { SocketTransport } from '../transport/socket.ts';
import type { Transport, TransportOwner } from '../transport/transport.ts';
import { readProxyHeader } from '../wire/proxy/header.ts';
import type { ConnectionFacts } from './downstream.ts';
import { H1Connection } from './h1.ts';
import { cleanHost } from './host.ts';

/** A fatal alert: unrecognized_name (RFC 6066 §3). */
const UNRECOGNIZED_NAME = Buffer.from([0x15, 3, 1, 0, 2, 2, 112]);
/** What may be agreed on by ALPN (RFC 7301 §3.1), as nginx has it. */
const HTTP1_NAMES = wireNames(['http/1.1', 'http/1.0', 'http/0.9']);
const RECORD_BYTES = 16_384;
const LEAST_RECORD_BYTES = 512;
/** Of a broken header, in the log. */
const MOST_SHOWN_BYTES = 64;

export class Opening implements TransportOwner, DeadlineOwner {
  readonly #engine: Engine;
  readonly #table: ListenerTable;
  readonly #listen: ListenModel;
  readonly #socket: Socket | undefined;
  readonly #deadline: Deadline;
  #facts: ConnectionFacts;
  #transport!: Transport;
  #held: Buffer | undefined;
  #awaitsProxy: boolean;
  #handshaking = false;
  #fault = '';

  /** @param socket what TLS is put on; absent where none is spoken */
  constructor(
    engine: Engine,
    table: ListenerTable,
    listen: ListenModel,
    facts: ConnectionFacts,
    socket?: Socket,
  ) {
    this.#engine = engine;
    this.#table = table;
    this.#listen = listen;
    this.#facts = facts;
    this.#socket = socket;
    this.#awaitsProxy = listen.proxyProtocol;
    this.#deadline = new Deadline(engine.clock, this);
  }

  /** @param transport on the same socket */
  open(transport: Transport): void {
    this.#transport = transport;
    this.#deadline.set(this.#table.default.model.core.clientHeaderTimeoutMs);
  }

  transportConnected(): void {}
  transportDrained(): void {}

  transportData(bytes: Buffer): void {
    const all = this.#held ? Buffer.concat([this.#held, bytes]) : bytes;
    this.#held = undefined;
    if (this.#awaitsProxy) this.#readProxyHeader(all);
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
    if (!this.#listen.tls) return this.#serve(this.#facts, bytes);
    if (!looksLikeTls(bytes[0]!)) return this.#serve({ ...this.#facts, plainOnTlsPort: true }, bytes);
    const hello = readClientHello(bytes);
    if (hello === 'partial') this.#hold(bytes);
    else this.#negotiate(bytes, hello === 'strange' ? '' : (cleanHost(hello.serverName) ?? ''));
  }

  #serve(facts: ConnectionFacts, bytes: Buffer): void {
    this.#handOver(facts, this.#transport).transportData(bytes);
  }

  #negotiate(first: Buffer, serverName: string): void {
    const server = this.#table.find(serverName);
    const shown = showsCertificate(server) ? server : this.#table.default;
    const { tls } = shown.model;
    if (!tls || tls.rejectHandshake) return this.#reject();
    let socket: TLSSocket;
    try {
      socket = this.#wrap(tls);
    } catch (error) {
      this.#log('crit', `TLS of the server cannot be set up: ${(error as Error).message}`);
      return this.#transport.destroy();
    }
    this.#handshaking = true;
    socket.once('secure', () => this.#secured(socket, new TlsSession(socket, serverName, tls)));
    const handle: { receive(bytes: Buffer): void } = Reflect.get(socket, '_handle');
    handle.receive(first);
  }

  /** Puts TLS around the socket; the plain transport on it is of no more use. @throws {Error} of OpenSSL */
  #wrap(tls: ServerTls): TLSSocket {
    const socket = new TLSSocket(this.#socket!, {
      isServer: true,
      secureContext: this.#engine.secureContexts.of(tls),
      ALPNProtocols: HTTP1_NAMES,
      requestCert: tls.verify !== 'off',
      rejectUnauthorized: false,
    });
    if (tls.bufferBytes < RECORD_BYTES)
      socket.setMaxSendFragment(Math.max(LEAST_RECORD_BYTES, tls.bufferBytes));
    // Faults of the handshake come by this event, later ones as 'error'.
    socket.on('_tlsError', (error: Error) => (this.#fault = opensslReason(error)));
    this.#transport.owner = NOBODY;
    this.#transport = new SocketTransport(socket, this, this.#engine.readBuffer, false);
    return socket;
  }

  #secured(socket: TLSSocket, tls: TlsSession): void {
    // What node:tls does for the sockets of its own servers.
    const release: () => void = Reflect.get(socket, '_releaseControl');
    release.call(socket);
    this.#handOver({ ...this.#facts, tls }, this.#transport);
  }

  #handOver(facts: ConnectionFacts, transport: Transport): H1Connection {
    this.#deadline.dispose();
    const connection = new H1Connection(this.#engine, this.#table, facts);
    transport.owner = connection;
    this.#engine.remember(connection);
    this.#engine.forget(this);
    connection.open(transport);
    return connection;
  }

  #reject(): void {
    this.#transport.writeBytes(UNRECOGNIZED_NAME);
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

  transportClosed(error?: Error): void {
    this.#deadline.dispose();
    this.#engine.forget(this);
    if (!this.#handshaking) return;
    this.#engine.traffic.handshakeFailed();
    const reason = this.#fault || (error && opensslReason(error));
    const what = reason
      ? `SSL_do_handshake() failed (SSL: ${reason})`
      : 'peer closed connection in SSL handshake';
    this.#log('info', `${what} while SSL handshaking`);
  }

  deadlineExpired(): void {
    this.#fault ||= 'client timed out';
    this.destroy();
  }

  get idle(): boolean {
    return this.#held === undefined && !this.#handshaking;
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

/** Owns what nobody listens to any more. */
const NOBODY: TransportOwner = {
  transportConnected() {},
  transportData() {},
  transportEnded() {},
  transportDrained() {},
  transportClosed() {},
};

/** ALPN names with their lengths before them. */
function wireNames(names: readonly string[]): Buffer {
  return Buffer.concat(names.map(name => Buffer.from(String.fromCharCode(name.length) + name, 'latin1')));
}
