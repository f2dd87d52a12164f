/** TLS to members of pools: contexts by what the settings say, sessions by whom they were made with. */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import {
  type ConnectionOptions,
  checkServerIdentity,
  connect,
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import type { ProxyTlsSettings } from '#model/l7/proxy-tls.ts';
import type { Exchange } from '../exchange.ts';
import { certificateFault } from '../tls/chain.ts';
import { cipherOption, protocolOptions, revocationLists } from '../tls/options.ts';
import { opensslReason } from '../tls/reason.ts';
import { SocketTransport } from '../transport/socket.ts';
import type { Transport, TransportOwner } from '../transport/transport.ts';
import type { Text } from '../variable/space.ts';
import type { Worker } from '../worker.ts';
import type { Connector } from './connector.ts';
import type { Member } from './member.ts';

/** Names are of the configuration, or of clients where a variable says so: then they must not fill the memory. */
const MOST_NAMES = 1000;
const MOST_SESSIONS = 1000;

/** Those of one thread; they outlive a configuration. */
export class UpstreamRealms {
  readonly #bySettings = new WeakMap<ProxyTlsSettings, UpstreamRealm>();
  #byContent = new Map<string, WeakRef<UpstreamRealm>>();

  /** @throws {Error} of OpenSSL when it refuses the settings */
  of(settings: ProxyTlsSettings): UpstreamRealm {
    const known = this.#bySettings.get(settings);
    if (known) return known;
    const { name: _, ...content } = settings;
    const id = createHash('sha256').update(JSON.stringify(content)).digest('base64');
    const realm = this.#byContent.get(id)?.deref() ?? new UpstreamRealm(id, settings);
    this.#bySettings.set(settings, realm);
    this.#byContent = new Map([...this.#byContent].filter(([, ref]) => ref.deref())).set(
      id,
      new WeakRef(realm),
    );
    return realm;
  }
}

/** All connections that are made by the same settings. */
export class UpstreamRealm {
  readonly id: string;
  readonly settings: ProxyTlsSettings;
  readonly context: SecureContext;
  /** The last session with a member under a name. */
  readonly #sessions = new Map<string, Buffer>();
  readonly #connectors = new Map<string, TlsConnector>();

  constructor(id: string, settings: ProxyTlsSettings) {
    this.id = id;
    this.settings = settings;
    this.context = contextOf(settings);
  }

  connectorFor(name: string): TlsConnector {
    const known = this.#connectors.get(name);
    if (known) return known;
    const made = new TlsConnector(this, name);
    keep(this.#connectors, name, made, MOST_NAMES);
    return made;
  }

  session(key: string): Buffer | undefined {
    return this.settings.sessionReuse ? this.#sessions.get(key) : undefined;
  }

  keepSession(key: string, session: Buffer): void {
    if (this.settings.sessionReuse) keep(this.#sessions, key, session, MOST_SESSIONS);
  }
}

/** Adds an entry; the oldest makes room. */
function keep<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  map.delete(key);
  const [oldest] = map.keys();
  if (map.size >= most && oldest !== undefined) map.delete(oldest);
  map.set(key, value);
}

/** The connector of each request: the name may have variables. */
export function tlsConnector(realm: UpstreamRealm, name: Text): (exchange: Exchange) => Connector {
  return exchange => realm.connectorFor(withoutPort(name(exchange)));
}

/** nginx too takes the port off, for $proxy_host and $http_host may have one. */
const withoutPort = (name: string) => name.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');

export class TlsConnector implements Connector {
  readonly key: string;
  readonly #realm: UpstreamRealm;
  readonly #name: string;

  constructor(realm: UpstreamRealm, name: string) {
    this.key = `tls ${realm.id} ${name}`;
    this.#realm = realm;
    this.#name = name;
  }

  open(member: Member, owner: TransportOwner, worker: Worker): Transport {
    let transport: SocketTransport | undefined;
    const onread = {
      buffer: worker.readBuffer.shared,
      callback: (bytes: number) => transport!.receive(bytes),
    };
    const socket = connect({ ...this.#options(member), onread } as ConnectionOptions);
    socket.setNoDelay(true);
    socket.on('error', error => (error.message = reasonOf(error)));
    transport = new SocketTransport(socket, owner, worker.readBuffer, true);
    socket.once('secureConnect', () => this.#secured(socket, member, transport));
    return transport;
  }

  /** Node takes `allowHalfOpen` and `onread` too; its types do not say so. */
  #options(member: Member): ConnectionOptions & { allowHalfOpen: boolean } {
    const { host, port, unixPath } = member.model;
    const session = this.#realm.session(this.#sessionKey(member));
    return {
      ...(unixPath === undefined ? { host, port } : { path: unixPath }),
      allowHalfOpen: true,
      secureContext: this.#realm.context,
      servername: this.#realm.settings.serverName && isIP(this.#name) === 0 ? this.#name : '',
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined, // done below, only where it is asked for
      ...(session && { session }),
    };
  }

  #sessionKey = (member: Member) => `${this.#name} ${member.address}`;

  #secured(socket: TLSSocket, member: Member, transport: Transport): void {
    const fault = this.#realm.settings.verify ? this.#verify(socket) : undefined;
    if (fault !== undefined) return void socket.destroy(new Error(fault));
    socket.on('session', session => this.#realm.keepSession(this.#sessionKey(member), session));
    transport.owner.transportConnected();
  }

  /** @returns what is wrong with the server's certificate */
  #verify(socket: TLSSocket): string | undefined {
    const fault = certificateFault(socket, this.#realm.settings.verifyDepth);
    if (fault !== undefined) return `upstream SSL certificate verify error: (${fault})`;
    // A session is kept by name, and was judged when it began.
    if (socket.isSessionReused() || !checkServerIdentity(this.#name, socket.getPeerCertificate()))
      return undefined;
    return `upstream SSL certificate does not match "${this.#name}"`;
  }
}

/** Faults of TLS are told as nginx tells them, those of the socket as the kernel does. */
function reasonOf(error: NodeJS.ErrnoException): string {
  const inHandshake = error.code?.startsWith('ERR_SSL') || /^[0-9A-F]+:error:/.test(error.message);
  return inHandshake ? `SSL_do_handshake() failed (SSL: ${opensslReason(error)})` : error.message;
}

/** @throws {Error} of OpenSSL */
function contextOf(settings: ProxyTlsSettings): SecureContext {
  const { commands, certificate, certificateKey, trustedCertificate, crl } = settings;
  const options: SecureContextOptions = {
    // Without authorities of its own the runtime would read in the world's public ones.
    ca: trustedCertificate ? [trustedCertificate.text] : [],
    ...(crl && { crl: revocationLists(crl) }),
    ciphers: cipherOption(commands.ciphers ?? settings.ciphers, commands.cipherSuites),
    ecdhCurve: commands.curves ?? 'auto',
    ...(commands.signatureAlgorithms !== undefined && { sigalgs: commands.signatureAlgorithms }),
    ...protocolOptions(settings.protocols, commands.options ?? 0),
  };
  if (!certificate || !certificateKey) return createSecureContext(options);
  const cert = certificate.text;
  return openWith(settings.passwords, passphrase =>
    createSecureContext({ ...options, cert, key: [{ pem: certificateKey.text, ...passphrase }] }),
  );
}

/** Tries without a password first, then each one. @throws {Error} the last fault */
function openWith<T>(passwords: readonly string[], open: (passphrase: { passphrase?: string }) => T): T {
  let fault: unknown;
  for (const passphrase of [undefined, ...passwords]) {
    try {
      return open(passphrase === undefined ? {} : { passphrase });
    } catch (error) {
      fault = error;
    }
  }
  throw fault;
}
