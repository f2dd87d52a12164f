/** Drafts of automatic certificates to the frozen model: names gathered, equal orders made one, contradictions told. */
import { createHash } from 'node:crypto';
import { suggest } from '#kit/suggest.ts';
import type { AcmeCertificate, AcmeIdentifier, AcmeIssuer, AcmeModel } from '#model/l7/acme.ts';
import { readIdentifier } from './acme-word.ts';
import { ArgumentFault } from './argument.ts';
import type { HttpDraft, ServerDraft, Writable } from './draft.ts';
import type { AcmeCertificateDraft, AcmeIssuerDraft } from './draft-acme.ts';
import type { Surroundings } from './scope.ts';

/** Authorities take no more names in one certificate. */
const MOST_IDENTIFIERS = 100;
const MOST_USERS = 20;
const DIGEST_CHARS = 10;

export interface AcmeResolution {
  readonly model: AcmeModel | undefined;
  /** The id of a server's certificate; undefined where it has none. */
  readonly idOf: (server: ServerDraft) => string | undefined;
}

export function resolveAcme(draft: HttpDraft, around: Surroundings): AcmeResolution {
  const issuers = [...draft.acmeIssuers.values()].map(issuer => resolveIssuer(issuer, around));
  const ids = new Map<ServerDraft, string>();
  const certificates = new Map<string, Writable<AcmeCertificate>>();
  for (const server of draft.servers) {
    const { acme } = server;
    const certificate = acme && certificateOf(server, acme, issuers, around);
    if (!certificate) continue;
    const { id } = certificate;
    const known = certificates.get(id);
    const usedBy = [...new Set([...(known?.usedBy ?? []), ...certificate.usedBy])].slice(0, MOST_USERS);
    certificates.set(id, { ...certificate, usedBy });
    ids.set(server, id);
  }
  refuseSharedPaths(issuers, draft, around);
  const model = issuers.length > 0 ? { issuers, certificates: [...certificates.values()] } : undefined;
  return { model, idOf: server => ids.get(server) };
}

function resolveIssuer(draft: AcmeIssuerDraft, { prefix, faults }: Surroundings): AcmeIssuer {
  const { name, own, site, statePath = `${prefix}acme_${name.text}` } = draft;
  const challenge = own.challenge ?? 'http-01';
  if (own.uri === undefined)
    faults.error('incomplete', `acme_issuer "${name.text}" has no uri`, site, 'add a line: uri https://...');
  if (challenge === 'dns-01' && !own.hook)
    faults.error(
      'incomplete',
      `acme_issuer "${name.text}" has no dns_hook`,
      site,
      'dns-01 needs a program that writes records: dns_hook /PATH',
    );
  if (own.verify === false)
    faults.warn(
      'value',
      `acme_issuer "${name.text}" takes certificates from whoever answers`,
      site,
      'name its authority with ssl_trusted_certificate in place of ssl_verify off',
    );
  return {
    ...{ uri: '', accountKey: 'ecdsa:256', externalAccount: undefined, acceptsTerms: false },
    ...{ hook: undefined, profile: undefined, preferredChain: undefined, trusted: undefined, verify: true },
    ...own,
    ...{ name: name.text, challenge, contacts: draft.contacts },
    statePath: statePath === 'off' ? undefined : statePath,
  };
}

/** Files of two accounts must not lie in one folder. */
function refuseSharedPaths(issuers: readonly AcmeIssuer[], draft: HttpDraft, { faults }: Surroundings): void {
  const taken = new Map<string, string>();
  for (const { name, statePath } of issuers) {
    const other = statePath !== undefined && taken.get(statePath);
    if (other)
      faults.error(
        'value',
        `acme_issuer "${name}" has the state_path of "${other}"`,
        draft.acmeIssuers.get(name)!.site,
        'give each a folder of its own',
      );
    if (statePath !== undefined) taken.set(statePath, name);
  }
}

function certificateOf(
  server: ServerDraft,
  acme: AcmeCertificateDraft,
  issuers: readonly AcmeIssuer[],
  { faults }: Surroundings,
): AcmeCertificate | undefined {
  const issuer = issuers.find(({ name }) => name === acme.issuer.text);
  if (!issuer) {
    const near = suggest(
      acme.issuer.text,
      issuers.map(({ name }) => name),
    );
    const hint = near
      ? `did you mean "${near}"?`
      : `define it with acme_issuer ${acme.issuer.text} { ... } in http`;
    faults.error('value', `unknown acme_issuer "${acme.issuer.text}"`, acme.issuer, hint);
    return undefined;
  }
  try {
    const identifiers = unique(identifiersOf(server, acme, issuer));
    const { name } = issuer;
    const id = `${name}/${fileName(identifiers, acme.key)}`;
    return {
      id,
      issuer: name,
      identifiers,
      key: acme.key,
      usedBy: [server.serverName || identifiers[0]!.value],
    };
  } catch (fault) {
    if (!(fault instanceof ArgumentFault)) throw fault;
    faults.error('value', `acme_certificate: ${fault.message}`, fault.site ?? acme.site, fault.hint);
    return undefined;
  }
}

/** @throws {ArgumentFault} */
function identifiersOf(
  server: ServerDraft,
  acme: AcmeCertificateDraft,
  issuer: AcmeIssuer,
): AcmeIdentifier[] {
  if (acme.identifiers.length === 0) return namesOf(server, issuer);
  if (acme.identifiers.length > MOST_IDENTIFIERS)
    throw new ArgumentFault(
      `there are more than ${MOST_IDENTIFIERS} names`,
      'part them among several servers',
    );
  return acme.identifiers.map(token => {
    const found = at(token, () => readIdentifier(token.text));
    const isWild = found.value.startsWith('*.');
    if (isWild && issuer.challenge !== 'dns-01')
      throw new ArgumentFault(
        `"${token.text}" needs dns-01`,
        'authorities issue wildcards for nothing else',
        token,
      );
    if (found.type === 'ip' && issuer.challenge === 'dns-01')
      throw new ArgumentFault(
        `"${token.text}" is an address, which dns-01 does not prove`,
        'take http-01',
        token,
      );
    return found;
  });
}

/** Those of server_name that a certificate can be for: exact ones, and with dns-01 those that begin with an asterisk. */
function namesOf(server: ServerDraft, { challenge }: AcmeIssuer): AcmeIdentifier[] {
  const texts = server.names.flatMap(name => {
    if (name.kind === 'exact' && name.hostname !== '') return [name.hostname];
    return name.kind === 'leading' && challenge === 'dns-01' ? [`*${name.suffix}`] : [];
  });
  const found = texts.map(readIdentifier).filter(({ type }) => type === 'dns' || challenge !== 'dns-01');
  if (found.length === 0)
    throw new ArgumentFault(
      'server_name has no name that a certificate can be for',
      'name them: acme_certificate ISSUER example.org',
    );
  return found;
}

function at<T>(site: NonNullable<ArgumentFault['site']>, read: () => T): T {
  try {
    return read();
  } catch (fault) {
    if (!(fault instanceof ArgumentFault)) throw fault;
    throw new ArgumentFault(fault.message, fault.hint, site);
  }
}

const unique = (all: readonly AcmeIdentifier[]): AcmeIdentifier[] => [
  ...new Map(all.map(one => [one.value, one])).values(),
];

/** The shortest name, for people, and a digest of all, in any order. */
function fileName(identifiers: readonly AcmeIdentifier[], key: string): string {
  const all = identifiers.map(({ type, value }) => `${type}:${value}`).sort();
  const digest = createHash('sha256')
    .update([key, ...all].join('\n'))
    .digest('hex')
    .slice(0, DIGEST_CHARS);
  const [shown = ''] = identifiers
    .map(({ value }) => value)
    .sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  return `${shown.replace(/[^a-z\d.-]/g, '_').slice(0, 100)}-${digest}`;
}
