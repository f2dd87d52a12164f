/** TLS of servers: certificates paired with their keys, settings inherited, contradictions told. */
import type { X509Certificate } from 'node:crypto';
import type { ListenModel } from '#model/l7/http.ts';
import { protocolsBy } from '#model/l7/proxy-tls.ts';
import { type CertificateModel, type FileText, type ServerTls, TLS_DEFAULTS } from '#model/l7/tls.ts';
import { ArgumentFault } from './argument.ts';
import type { HttpDraft, ServerDraft, TlsDraft } from './draft.ts';
import type { Site, Token } from './lex.ts';
import { certificatesOf, openKey, readFileText, tryContext } from './pem.ts';
import { asksByItself, ocspOf, resolverOf, staplingOf, warnOfStapling } from './resolve-ocsp.ts';
import { Scope, type Surroundings } from './scope.ts';

/** As in nginx's acme module. */
const ISSUED = '$acme_certificate';
const ISSUED_KEY = '$acme_certificate_key';

export class TlsResolver {
  readonly #draft: HttpDraft;
  readonly #around: Surroundings;
  readonly #scope: Scope;
  /** The id of the certificate that an authority is asked for; undefined where a server has none. */
  readonly #issuedTo: (server: ServerDraft) => string | undefined;
  /** What servers get that set nothing themselves: one object for all of them. */
  #common: ServerTls | undefined;

  constructor(draft: HttpDraft, around: Surroundings, issuedTo: (server: ServerDraft) => string | undefined) {
    this.#issuedTo = issuedTo;
    this.#draft = draft;
    this.#around = around;
    this.#scope = new Scope('http', undefined, around, { http: draft }, draft.own);
  }

  /** @returns undefined for a server that no TLS listener leads to */
  resolve(server: ServerDraft, listens: Readonly<Record<string, ListenModel>>): ServerTls | undefined {
    const isReached = server.listens.some(({ key }) => listens[key]?.tls);
    if (setsNothing(server.tls) && !server.acme && !asksByItself(this.#draft, server)) {
      if (isReached) return (this.#common ??= this.#merge(this.#draft.tls, server));
      return undefined;
    }
    // Read even when nobody gets to see it: nginx refuses bad certificates everywhere.
    const own = this.#merge(inherit(this.#draft.tls, server.tls), server);
    return isReached ? own : undefined;
  }

  #merge(draft: TlsDraft, server: ServerDraft): ServerTls {
    const { sessionTickets, preferServerCiphers, options, ...commands } = draft.commands ?? {};
    const { minProtocol, maxProtocol, protocols, ...replaced } = commands;
    const settings = { ...TLS_DEFAULTS, ...draft.settings };
    const resolver = resolverOf(this.#draft, server);
    const tls: ServerTls = {
      ...settings,
      ...replaced,
      protocols: protocolsBy(settings.protocols, commands),
      options: options ?? 0,
      sessionTickets: settings.sessionTickets && sessionTickets !== false,
      preferServerCiphers: preferServerCiphers ?? settings.preferServerCiphers,
      certificates: this.#certificates(draft, server),
      stapling: staplingOf(draft, resolver),
      ocsp: ocspOf(draft, resolver),
    };
    this.#refuseContradictions(tls, server.site);
    warnOfStapling(tls, server.site, this.#around);
    return tls;
  }

  #refuseContradictions(tls: ServerTls, site: Site): void {
    const { verify, clientCertificate, trustedCertificate, protocols, certificates } = tls;
    const { faults } = this.#around;
    // A server that shows no certificate of its own asks what the default server asks.
    const asks = (verify === 'on' || verify === 'optional') && certificates.length > 0;
    if (asks && !clientCertificate && !trustedCertificate)
      faults.error(
        'certificate',
        'no ssl_client_certificate for ssl_verify_client',
        site,
        'name the CA of the clients',
      );
    if (tls.ocsp && verify === 'optional_no_ca')
      faults.error(
        'certificate',
        'ssl_ocsp is incompatible with ssl_verify_client optional_no_ca',
        site,
        'without authorities there is nobody to ask',
      );
    if (protocols.length === 0)
      faults.error('value', 'no version of TLS is left between MinProtocol and MaxProtocol', site);
  }

  /** Pairs certificates and keys by their rank; bundles bring their key along. */
  #certificates(draft: TlsDraft, server: ServerDraft): CertificateModel[] {
    const keys = [...(draft.keys ?? [])];
    const models: CertificateModel[] = [];
    const issued = this.#issuedTo(server);
    if (!draft.certificates && issued !== undefined) return [{ kind: 'issued', id: issued }];
    for (const certificate of draft.certificates ?? []) {
      try {
        models.push(
          certificate.text === ISSUED
            ? issuedModel(issued, server, certificate, keys)
            : this.#certificate(certificate, keys, draft.passwords ?? []),
        );
      } catch (error) {
        if (!(error instanceof ArgumentFault)) throw error;
        this.#around.faults.error('certificate', error.message, error.site ?? certificate, error.hint);
      }
    }
    return models;
  }

  /** @param keys the first is this certificate's, and is taken out */
  #certificate(certificate: Token, keys: Token[], passwords: readonly string[]): CertificateModel {
    const { certificates: known } = this.#draft;
    const id = [certificate.text, keys[0]?.text, ...passwords].join('\0');
    const before = known.get(id);
    const model = before ?? this.#read(certificate, keys[0], passwords);
    known.set(id, model);
    const ownsKey = model.kind !== 'pkcs12' || keys[0]?.text === certificate.text;
    if (ownsKey) keys.shift();
    return model;
  }

  #read(certificate: Token, key: Token | undefined, passwords: readonly string[]): CertificateModel {
    if (hasVariable(certificate) || (key && hasVariable(key)))
      return this.#template(certificate, key, passwords);
    const file = this.#file(certificate);
    if (!file.text.includes('-----BEGIN')) return bundle(file, passwords);
    if (!key) throw noKey(certificate);
    const chain = certificatesOf(file);
    const keyFile = this.#file(key);
    const { key: opened, passphrase } = openAt(key, () => openKey(keyFile, passwords));
    if (!chain[0]!.checkPrivateKey(opened))
      throw new ArgumentFault(
        `the key in ${keyFile.path} is not that of the certificate in ${file.path}`,
        'the n-th ssl_certificate_key belongs to the n-th ssl_certificate',
        key,
      );
    this.#warnOfExpiry(chain, certificate);
    return { kind: 'pem', certificate: file, key: keyFile, passphrase };
  }

  #template(certificate: Token, key: Token | undefined, passphrases: readonly string[]): CertificateModel {
    if (!key) throw noKey(certificate);
    return {
      kind: 'template',
      certificate: this.#scope.template(certificate.text, certificate),
      key: this.#scope.template(key.text, key),
      passphrases,
      confDir: this.#around.confDir,
    };
  }

  #file(token: Token) {
    const { text } = token;
    if (text.startsWith('data:')) return { path: `${token.file}:${token.line}`, text: text.slice(5) };
    return openAt(token, () => readFileText(text, this.#scope));
  }

  #warnOfExpiry(chain: readonly X509Certificate[], site: Site): void {
    const [own] = chain;
    const until = own!.validToDate;
    if (until.getTime() < Date.now())
      this.#around.faults.warn(
        'certificate-expired',
        `the certificate has expired on ${until.toISOString()}`,
        site,
        'renew it',
      );
  }
}

/** @param keys the first is this certificate's, and is taken out @throws {ArgumentFault} */
function issuedModel(
  id: string | undefined,
  { acme }: ServerDraft,
  certificate: Token,
  keys: Token[],
): CertificateModel {
  const key = keys.shift();
  if (!key) throw noKey(certificate);
  if (key.text !== ISSUED_KEY)
    throw new ArgumentFault(
      `${ISSUED} goes with ${ISSUED_KEY}`,
      `write ssl_certificate_key ${ISSUED_KEY}`,
      key,
    );
  if (!acme)
    throw new ArgumentFault(
      `there is no acme_certificate in the server, so no ${ISSUED}`,
      'add a line to the server: acme_certificate ISSUER',
    );
  return { kind: 'issued', id: id ?? '' }; // without an id that line is faulty, which is told
}

/** A fault of a file is told at the line that names it. */
function openAt<T>(site: Site, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof ArgumentFault)) throw error;
    throw new ArgumentFault(error.message, error.hint, site);
  }
}

function bundle(file: FileText, passwords: readonly string[]): CertificateModel {
  const pfx = Buffer.from(file.text, 'latin1');
  for (const passphrase of [undefined, ...passwords]) {
    try {
      tryContext({ pfx, ...(passphrase !== undefined && { passphrase }) }, '');
      return { kind: 'pkcs12', bundle: file, passphrase };
    } catch (error) {
      if (!(error instanceof ArgumentFault)) throw error;
    }
  }
  throw new ArgumentFault(
    `${file.path} is neither a PEM certificate nor a PKCS#12 bundle that a password opens`,
    'name its password with ssl_password_file; bundles with outdated ciphers must be exported anew',
  );
}

const hasVariable = ({ text }: Token) => text.includes('$');

const noKey = (certificate: Token) =>
  new ArgumentFault(
    `no "ssl_certificate_key" is defined for certificate "${certificate.text.startsWith('data:') ? 'data:' : certificate.text}"`,
    'add its key',
  );

const setsNothing = ({ settings, certificates, keys, passwords, stapling, ocsp, commands }: TlsDraft) =>
  !certificates &&
  !keys &&
  !passwords &&
  !commands &&
  Object.keys(settings).length === 0 &&
  Object.keys(stapling).length === 0 &&
  Object.keys(ocsp).length === 0;

const inherit = (outer: TlsDraft, own: TlsDraft): TlsDraft => ({
  settings: { ...outer.settings, ...own.settings },
  certificates: own.certificates ?? outer.certificates,
  keys: own.keys ?? outer.keys,
  passwords: own.passwords ?? outer.passwords,
  stapling: { ...outer.stapling, ...own.stapling },
  ocsp: { ...outer.ocsp, ...own.ocsp },
  commands: own.commands ?? outer.commands,
});

/** Every TLS listener needs a certificate to show: that of its default server, or if that one refuses, those of the others. */
export function refuseBareListeners(
  draft: HttpDraft,
  listens: Readonly<Record<string, ListenModel>>,
  defaults: Readonly<Record<string, number>>,
  tlsOf: (server: ServerDraft) => ServerTls | undefined,
  around: Surroundings,
): void {
  for (const [key, { tls }] of Object.entries(listens)) {
    if (!tls) continue;
    const first = draft.servers[defaults[key]!]!;
    const others = tlsOf(first)?.rejectHandshake
      ? draft.servers.filter(server => listensOn(server, key))
      : [];
    for (const server of [first, ...others]) {
      const own = tlsOf(server);
      const names = own && (own.certificates.length > 0 || own.rejectHandshake);
      if (names || hasFaultyCertificate(server, draft)) continue;
      around.faults.error(
        'certificate',
        `no "ssl_certificate" is defined for the "listen ... ssl" on ${key}`,
        server.site,
        'add ssl_certificate and ssl_certificate_key',
      );
    }
  }
}

const listensOn = (server: ServerDraft, key: string) => server.listens.some(listen => listen.key === key);

/** Then that is told already. */
const hasFaultyCertificate = (server: ServerDraft, draft: HttpDraft) =>
  server.acme !== undefined || (server.tls.certificates ?? draft.tls.certificates ?? []).length > 0;
