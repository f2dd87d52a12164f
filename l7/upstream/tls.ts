/** TLS to members of pools: contexts by what the settings say, sessions by whom they were made with. */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { ProxyTlsSettings } from '#model/l7/proxy-tls.ts';
import { type ClientTlsOptions, clientTls, type TlsHandle } from '#native/tls.ts';
import type { Exchange } from '../exchange.ts';
import { passphraseFor } from '../tls/credentials.ts';
import { bytesOf, versionOptions } from '../tls/options.ts';
import { connectStream, type WayOut } from '../transport/connect.ts';
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
  readonly context: TlsHandle;
  /** Where the context keeps the last session with a member under a name. */
  readonly #slots = new Map<string, number>();
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
    if (this.#connectors.size >= MOST_NAMES) this.#connectors.delete(oldest(this.#connectors));
    this.#connectors.set(name, made);
    return made;
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

/** The connector of each request: the name may have variables. */
export function tlsConnector(realm: UpstreamRealm, name: Text): (exchange: Exchange) => Connector {
  return exchange => realm.connectorFor(withoutPort(name(exchange)));
}

/** nginx too takes the port off, for $proxy_host and $http_host may have one. */
const withoutPort = (name: string) => name.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');

/** What a client can tell a server (RFC 6066 §3), and OpenSSL takes. */
const MOST_NAME_BYTES = 255;

export class TlsConnector implements Connector {
  readonly key: string;
  readonly #realm: UpstreamRealm;
  readonly #name: string;

  constructor(realm: UpstreamRealm, name: string) {
    this.key = `tls ${realm.id} ${name}`;
    this.#realm = realm;
    this.#name = name;
  }

  open(member: Member, owner: TransportOwner, worker: Worker, way?: WayOut): Transport {
    const { context, settings } = this.#realm;
    const { slot, fresh } = this.#realm.slotFor(`${this.#name} ${member.address}`);
    const tell = settings.serverName && this.#name !== '' && isIP(this.#name) === 0;
    const as = { name: this.#name.slice(0, MOST_NAME_BYTES), tell, slot, fresh };
    return connectStream(member.model, owner, worker, { context, as }, way);
  }
}

/** @throws {Error} of OpenSSL */
function contextOf(settings: ProxyTlsSettings): TlsHandle {
  const { commands, certificate, certificateKey, trustedCertificate, crl } = settings;
  const options: ClientTlsOptions = {
    certificates: [],
    ...(trustedCertificate && { trusted: bytesOf(trustedCertificate.text) }),
    ...(crl && { crl: bytesOf(crl.text) }),
    verify: settings.verify,
    depth: settings.verifyDepth,
    ...versionOptions(settings.protocols, commands.options ?? 0),
    ciphers: commands.ciphers ?? settings.ciphers,
    ...(commands.cipherSuites !== undefined && { cipherSuites: commands.cipherSuites }),
    ...(commands.curves !== undefined && commands.curves !== 'auto' && { groups: commands.curves }),
    ...(commands.signatureAlgorithms !== undefined && { signatureAlgorithms: commands.signatureAlgorithms }),
    sessionSlots: settings.sessionReuse ? MOST_SESSIONS : 0,
  };
  if (!certificate || !certificateKey) return clientTls(options);
  const passphrase = passphraseFor(certificateKey.text, settings.passwords);
  const pair = { certificate: bytesOf(certificate.text), key: bytesOf(certificateKey.text) };
  return clientTls({
    ...options,
    certificates: [passphrase === undefined ? pair : { ...pair, passphrase }],
  });
}
