/** TLS to members of pools: contexts by what the settings say, sessions by whom they were made with. */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { type ProxyTlsSettings, protocolsBy } from '#model/l7/proxy-tls.ts';
import { type ClientTlsOptions, type Credential, clientTls, type TlsHandle } from '#native/tls.ts';
import type { Exchange } from '../exchange.ts';
import { pemCredential } from '../tls/credentials.ts';
import { NamedFiles, sourceOf } from '../tls/named-files.ts';
import { alpnBytes, bytesOf, versionOptions } from '../tls/options.ts';
import { connectStream, LocalFault, type WayOut } from '../transport/connect.ts';
import type { StreamTransport } from '../transport/stream.ts';
import type { TransportOwner } from '../transport/transport.ts';
import type { Text } from '../variable/space.ts';
import type { Worker } from '../worker.ts';
import type { Connector } from './connector.ts';
import type { Member } from './member.ts';

/** Names are of the configuration, or of clients where a variable says so: then they must not fill the memory. */
const MOST_NAMES = 1000;
const MOST_SESSIONS = 1000;

/** Those of one thread; they outlive a configuration. */
export class UpstreamRealms {
  readonly #bySettings = {
    http1: new WeakMap<ProxyTlsSettings, UpstreamRealm>(),
    h2: new WeakMap<ProxyTlsSettings, UpstreamRealm>(),
  };
  #byContent = new Map<string, WeakRef<UpstreamRealm>>();

  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** @throws {Error} of OpenSSL when it refuses the settings */
  of(settings: ProxyTlsSettings, speaks: 'http1' | 'h2'): UpstreamRealm {
    const known = this.#bySettings[speaks].get(settings);
    if (known) return known;
    const { name: _, ...content } = settings;
    const id = createHash('sha256')
      .update(`${speaks} ${JSON.stringify(content)}`)
      .digest('base64');
    const realm = this.#byContent.get(id)?.deref() ?? new UpstreamRealm(id, settings, speaks, this.#nowMs);
    this.#bySettings[speaks].set(settings, realm);
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
  readonly http2: 'h2' | undefined;
  /** With the certificate of the configuration, or with none. */
  readonly #context: TlsHandle;
  /** With certificates that requests name. */
  readonly #named: NamedFiles<TlsHandle>;
  /** Where a context keeps the last session with a member under a name. */
  readonly #slots = new Map<string, number>();
  readonly #connectors = new Map<string, TlsConnector>();

  constructor(id: string, settings: ProxyTlsSettings, speaks: 'http1' | 'h2', nowMs: () => number) {
    this.id = id;
    this.settings = settings;
    this.http2 = speaks === 'h2' ? 'h2' : undefined;
    this.#context = clientTls(optionsOf(settings, ownCredentials(settings), this.http2));
    this.#named = new NamedFiles(settings.certificateCache, nowMs);
  }

  /** @param shown sources of certificate and key, where requests name them; '' for none */
  connectorFor(name: string, shown: Shown): TlsConnector {
    const id = shown === OWN ? name : JSON.stringify([name, shown]);
    const known = this.#connectors.get(id);
    if (known) return known;
    const made = new TlsConnector(this, name, shown, id);
    if (this.#connectors.size >= MOST_NAMES) this.#connectors.delete(oldest(this.#connectors));
    this.#connectors.set(id, made);
    return made;
  }

  /** @throws {LocalFault} when a named file cannot be read, or is no certificate */
  contextFor(shown: Shown): TlsHandle {
    if (shown === OWN || shown[0] === '') return this.#context;
    const { settings, http2 } = this;
    try {
      return this.#named.get(JSON.stringify(shown), read =>
        clientTls(optionsOf(settings, [pemCredential(shown.map(read), settings.passwords)], http2)),
      );
    } catch (cause) {
      throw new LocalFault((cause as Error).message, { cause });
    }
  }

  /** @returns the place of a session, and whether it was another's before; -1 where none is kept */
  slotFor(key: string): { readonly slot: number; readonly fresh: boolean } {
    if (!this.settings.sessionReuse) return { slot: -1, fresh: false };
    const known = this.#slots.get(key);
    if (known !== undefined) return { slot: known, fresh: false };
    const slot = this.#slots.size < MOST_SESSIONS ? this.#slots.size : this.#freeSlot();
    this.#slots.set(key, slot);
    return { slot, fresh: true };
  }

  #freeSlot(): number {
    const key = oldest(this.#slots);
    const slot = this.#slots.get(key)!;
    this.#slots.delete(key);
    return slot;
  }
}

/** The first key of a map that has some: the one that was added first. */
function oldest(map: ReadonlyMap<string, unknown>): string {
  const [key = ''] = map.keys();
  return key;
}

/** Sources of a certificate and its key. */
type Shown = readonly string[];
/** Those of the configuration. */
const OWN: Shown = [];

/** The connector of each request: its name, and the certificate that moat shows, may have variables. */
export function tlsConnector(realm: UpstreamRealm, name: Text): (exchange: Exchange) => Connector {
  const { certificate, certificateKey } = realm.settings;
  const files = [certificate, certificateKey].filter(file => file !== undefined);
  if (!files.some(file => 'template' in file))
    return exchange => realm.connectorFor(withoutPort(name(exchange)), OWN);
  return exchange => {
    const shown = files.map(file =>
      'template' in file ? sourceOf(file.template, file.confDir, exchange) : `data:${file.text}`,
    );
    return realm.connectorFor(withoutPort(name(exchange)), shown);
  };
}

/** nginx too takes the port off, for $proxy_host and $http_host may have one. */
const withoutPort = (name: string) => name.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');

/** What a client can tell a server (RFC 6066 §3), and OpenSSL takes. */
const MOST_NAME_BYTES = 255;

export class TlsConnector implements Connector {
  readonly key: string;
  readonly http2: 'h2' | undefined;
  readonly #realm: UpstreamRealm;
  readonly #name: string;
  readonly #shown: Shown;
  readonly #id: string;

  /** @param id tells it from others of the realm */
  constructor(realm: UpstreamRealm, name: string, shown: Shown, id: string) {
    this.key = `tls ${realm.id} ${id}`;
    this.http2 = realm.http2;
    this.#realm = realm;
    this.#name = name;
    this.#shown = shown;
    this.#id = id;
  }

  open(member: Member, owner: TransportOwner, worker: Worker, way?: WayOut): StreamTransport {
    const { settings } = this.#realm;
    const context = this.#realm.contextFor(this.#shown);
    const { slot, fresh } = this.#realm.slotFor(`${this.#id} ${member.address}`);
    const tell = settings.serverName && this.#name !== '' && isIP(this.#name) === 0;
    const as = { name: this.#name.slice(0, MOST_NAME_BYTES), tell, slot, fresh };
    return connectStream(member.model, owner, worker, { context, as }, way);
  }
}

function optionsOf(
  settings: ProxyTlsSettings,
  certificates: readonly Credential[],
  http2: 'h2' | undefined,
): ClientTlsOptions {
  const { commands, trustedCertificate, crl } = settings;
  return {
    certificates,
    ...(trustedCertificate && { trusted: bytesOf(trustedCertificate.text) }),
    ...(crl && { crl: bytesOf(crl.text) }),
    verify: settings.verify,
    depth: settings.verifyDepth,
    ...versionOptions(protocolsBy(settings.protocols, commands), commands.options ?? 0),
    ciphers: commands.ciphers ?? settings.ciphers,
    ...(commands.cipherSuites !== undefined && { cipherSuites: commands.cipherSuites }),
    ...(commands.curves !== undefined && commands.curves !== 'auto' && { groups: commands.curves }),
    ...(commands.signatureAlgorithms !== undefined && { signatureAlgorithms: commands.signatureAlgorithms }),
    ...(http2 && { alpn: alpnBytes([http2]) }),
    sessionSlots: settings.sessionReuse ? MOST_SESSIONS : 0,
  };
}

/** The certificate of the configuration, if it has one that is the same for all requests. */
function ownCredentials({ certificate, certificateKey, passwords }: ProxyTlsSettings): Credential[] {
  if (!certificate || !certificateKey || 'template' in certificate || 'template' in certificateKey) return [];
  return [pemCredential([certificate.text, certificateKey.text], passwords)];
}
