/** Automatic certificates (ACME, RFC 8555), with the directives of nginx's acme module. */
import { createPrivateKey } from 'node:crypto';
import type { FileText } from '#model/l7/tls.ts';
import { readKeyKind } from '../acme-word.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { newAcmeIssuer } from '../draft-acme.ts';
import { openKey, readFileText, trustFile } from '../pem.ts';
import { type Directive, defineBlock, defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { warnIfPublic } from '../secret-text.ts';
import { ACME_DNS } from './acme-dns.ts';

const NAME = /^[\w.-]{1,64}$/;

const issuer = defineBlock({
  name: 'acme_issuer',
  context: ['http'],
  repeats: true,
  args: { name: arg.token('a name') },
  block: 'acme_issuer',
  doc: {
    summary:
      'A certificate authority that is asked by ACME (RFC 8555) for certificates of servers with an acme_certificate line. moat registers, proves the names, renews when the authority says so (ARI, RFC 9773) or when two thirds of the life are over, and shows what is new without a reload. Until there is one, clients are shown a self-signed certificate, so that the server starts.',
    args: { name: 'By which acme_certificate knows it: letters, digits, `.`, `_` and `-`.' },
    example:
      'acme_issuer letsencrypt { uri https://acme-v02.api.letsencrypt.org/directory; contact admin@example.org; accept_terms_of_service; }',
    differs:
      'No resolver is needed: the system knows the authority. dns-01 is there too. Nodes with a session_store order once for all.',
    since: '0.1',
  },
  compile({ name }, scope, body, line) {
    if (!NAME.test(name.text) || name.text.startsWith('.'))
      throw new ArgumentFault(`"${name.text}" cannot be a name`, 'take letters, digits, ".", "_" and "-"');
    const { acmeIssuers } = scope.http;
    const before = acmeIssuers.get(name.text);
    if (before)
      throw new ArgumentFault(`acme_issuer "${name.text}" stands on line ${before.site.line} already`);
    const draft = newAcmeIssuer(name, line.name);
    acmeIssuers.set(name.text, draft);
    body.open(scope.child('acme_issuer', { acmeIssuer: draft }));
  },
});

const uri = defineDirective({
  name: 'uri',
  context: ['acme_issuer'],
  args: { url: arg.text('a URL') },
  doc: {
    summary: 'The directory of the authority.',
    example: 'uri https://acme-v02.api.letsencrypt.org/directory;',
    differs: 'https alone: who could change what is said on the way would get certificates for these names.',
    since: '0.1',
  },
  compile({ url }, scope) {
    const read = URL.canParse(url) ? new URL(url) : undefined;
    if (read?.protocol !== 'https:' || read.username !== '' || read.password !== '')
      throw new ArgumentFault(`"${url}" is no URL of https`, 'write https://HOST/PATH');
    scope.acmeIssuer.own.uri = read.href;
  },
});

const accountKey = defineDirective({
  name: 'account_key',
  context: ['acme_issuer'],
  args: { key: arg.token('a kind of key, or a file') },
  doc: {
    summary:
      'By which the authority knows this account: a kind of key that is made once and kept in state_path, or a file that has one.',
    args: {
      key: '`ecdsa:256`, `ecdsa:384`, `ecdsa:521`, `rsa:2048`, `rsa:3072`, `rsa:4096`, or a PEM file.',
    },
    default: 'account_key ecdsa:256;',
    example: 'account_key ecdsa:384;',
    since: '0.1',
  },
  compile({ key }, scope) {
    const isKind = /^(?:ecdsa|rsa)(?::|$)/.test(key.text);
    scope.acmeIssuer.own.accountKey = isKind ? readKeyKind(key.text) : keyFile(key, scope);
  },
});

/** @throws {ArgumentFault} */
function keyFile(token: Parameters<typeof warnIfPublic>[0], scope: Scope): FileText {
  const file = readFileText(token.text, scope);
  openKey(file, []);
  const { asymmetricKeyType: type = '', asymmetricKeyDetails: details } = createPrivateKey(
    Buffer.from(file.text, 'latin1'),
  );
  const curves = ['prime256v1', 'secp384r1', 'secp521r1'];
  const isFit =
    type === 'ec'
      ? curves.includes(details?.namedCurve ?? '')
      : type === 'rsa' && (details?.modulusLength ?? 0) >= 2048;
  if (!isFit)
    throw new ArgumentFault(
      `the key in ${file.path} is of no kind that authorities take`,
      'make one of ECDSA on P-256, P-384 or P-521, or of RSA from 2048 bits',
    );
  warnIfPublic(token, scope);
  return file;
}

const contact = defineDirective({
  name: 'contact',
  context: ['acme_issuer'],
  repeats: true,
  args: { url: arg.text('an address or a URL') },
  doc: {
    summary: 'How the authority reaches you about the account.',
    args: { url: 'A mail address, or a URL such as `mailto:admin@example.org`.' },
    example: 'contact admin@example.org;',
    since: '0.1',
  },
  compile({ url }, scope) {
    if (url === '' || /[^!-~]/.test(url)) throw new ArgumentFault(`"${url}" is no contact`);
    scope.acmeIssuer.contacts.push(/^[a-z][a-z\d+.-]*:/i.test(url) ? url : `mailto:${url}`);
  },
});

const externalAccount = defineDirective({
  name: 'external_account_key',
  context: ['acme_issuer'],
  args: { kid: arg.text('an identifier'), key: arg.token('a file, or data:KEY').secret() },
  doc: {
    summary:
      'What the authority has given you to bind the account to one that you have there already (RFC 8555 §7.3.4).',
    args: {
      kid: 'The identifier of the key.',
      key: 'A file with the key in base64url, or `data:` and the key.',
    },
    example: 'external_account_key kid-1 /etc/moat/eab.key;',
    since: '0.1',
  },
  compile({ kid, key }, scope) {
    const isHere = key.text.startsWith('data:');
    const text = (isHere ? key.text.slice('data:'.length) : scope.readFile(key.text))
      .trim()
      .replace(/=+$/, '');
    if (kid === '' || !/^[\w-]+$/.test(text))
      throw new ArgumentFault('the key is not in base64url', undefined, key);
    if (!isHere) warnIfPublic(key, scope);
    scope.acmeIssuer.own.externalAccount = { kid, key: text };
  },
});

const challenge = defineDirective({
  name: 'challenge',
  context: ['acme_issuer'],
  args: { type: arg.oneOf(['http-01', 'tls-alpn-01', 'dns-01', 'http', 'tls-alpn', 'dns']) },
  doc: {
    summary:
      'How names are proved. http-01: the authority asks on port 80, and any plain server of moat answers, before its locations. tls-alpn-01: it asks on port 443, and the TLS listener answers. dns-01: dns_hook writes a TXT record; the only one for wildcards.',
    default: 'challenge http-01;',
    example: 'challenge tls-alpn-01;',
    differs: 'dns-01 is there too.',
    since: '0.1',
  },
  compile({ type }, scope) {
    const { own } = scope.acmeIssuer;
    if (type.startsWith('http')) own.challenge = 'http-01';
    else own.challenge = type.startsWith('tls') ? 'tls-alpn-01' : 'dns-01';
  },
});

const profile = defineDirective({
  name: 'profile',
  context: ['acme_issuer'],
  args: { name: arg.text('a profile'), require: arg.oneOf(['require']).optional() },
  doc: {
    summary:
      'Which of its profiles the authority is to issue by: `shortlived` of Let’s Encrypt for six days, say.',
    args: {
      name: 'As its directory calls it.',
      require: 'Without it, an authority that has no such profile issues by its own.',
    },
    example: 'profile shortlived require;',
    since: '0.1',
  },
  compile({ name, require }, scope) {
    scope.acmeIssuer.own.profile = { name, isRequired: require !== undefined };
  },
});

const preferredChain = defineDirective({
  name: 'preferred_chain',
  context: ['acme_issuer'],
  args: { name: arg.text('a common name') },
  doc: {
    summary:
      'Of several chains that the authority offers, the one whose last certificate was issued by this name is taken; else the first.',
    example: 'preferred_chain "ISRG Root X1";',
    since: '0.1',
  },
  compile({ name }, scope) {
    scope.acmeIssuer.own.preferredChain = name;
  },
});

const statePath = defineDirective({
  name: 'state_path',
  context: ['acme_issuer'],
  args: { path: arg.text('a folder, or off') },
  doc: {
    summary:
      'Where the account, keys and certificates are kept, for the eyes of the owner alone. It is made when it is missing. With off all is ordered anew at each start, which authorities bear a few times a week.',
    default: 'state_path acme_NAME;',
    example: 'state_path /var/lib/moat/acme;',
    since: '0.1',
  },
  compile({ path }, scope) {
    if (path === '') throw new ArgumentFault('an empty path');
    scope.acmeIssuer.statePath = path === 'off' ? 'off' : scope.prefixPath(path).replace(/(?<=.)\/+$/, '');
  },
});

const terms = defineDirective({
  name: 'accept_terms_of_service',
  context: ['acme_issuer'],
  args: {},
  doc: {
    summary:
      'You agree to the terms of the authority; most want that. The log says where they are, when they are missed.',
    default: 'no agreement',
    example: 'accept_terms_of_service;',
    since: '0.1',
  },
  compile(_, scope) {
    scope.acmeIssuer.own.acceptsTerms = true;
  },
});

const trusted = defineDirective({
  name: 'ssl_trusted_certificate',
  context: ['acme_issuer'],
  args: { file: trustFile() },
  doc: {
    summary: "Whose certificates the authority's own server may show.",
    default: 'the authorities that the runtime brings along',
    example: 'ssl_trusted_certificate acme-ca.pem;',
    since: '0.1',
  },
  compile({ file }, scope) {
    scope.acmeIssuer.own.trusted = file;
  },
});

const verify = defineDirective({
  name: 'ssl_verify',
  context: ['acme_issuer'],
  args: { on: arg.flag() },
  doc: {
    summary: "Whether the certificate of the authority's own server is verified. Off is for trials alone.",
    default: 'ssl_verify on;',
    example: 'ssl_verify on;',
    since: '0.1',
  },
  compile({ on }, scope) {
    scope.acmeIssuer.own.verify = on;
  },
});

const zone = defineDirective({
  name: 'acme_shared_zone',
  context: ['http'],
  args: { zone: arg.text('NAME:SIZE').param() },
  doc: {
    summary:
      'Accepted for nginx configurations, without effect: certificates need no shared memory of a size.',
    example: 'acme_shared_zone zone=acme:1M;',
    since: '0.1',
  },
  compile({ zone: text }) {
    if (text === undefined)
      throw new ArgumentFault('"zone=" is missing', 'write zone=NAME:SIZE, or take the line out');
  },
});

const certificate = defineDirective({
  name: 'acme_certificate',
  context: ['server'],
  args: {
    issuer: arg.token('an acme_issuer'),
    identifiers: arg.token('names').rest(0),
    key: arg.text('a kind of key').param(),
  },
  doc: {
    summary:
      'Has the certificate of this server ordered, and renewed. It is shown where `ssl_certificate $acme_certificate; ssl_certificate_key $acme_certificate_key;` stand, and also where the server has no ssl_certificate at all.',
    args: {
      issuer: 'Of whom.',
      identifiers:
        'For which names or addresses; without any, the server_name of the server. `*.example.org` needs dns-01.',
      key: '`ecdsa:256`, `ecdsa:384`, `ecdsa:521`, `rsa:2048`, `rsa:3072`, `rsa:4096`. `ecdsa:256` if absent. A new one is made for each certificate.',
    },
    example: 'acme_certificate letsencrypt example.org www.example.org key=ecdsa:384;',
    differs: 'ssl_certificate and ssl_certificate_key may be left out.',
    since: '0.1',
  },
  compile({ issuer: name, identifiers, key }, scope, line) {
    scope.server.acme = {
      ...{ issuer: name, identifiers, site: line.name },
      key: key === undefined ? 'ecdsa:256' : readKeyKind(key),
    };
  },
});

export const ACME: readonly Directive[] = [
  ...[issuer, uri, accountKey, contact, externalAccount, challenge, profile, preferredChain],
  ...[statePath, terms, trusted, verify, ...ACME_DNS, zone, certificate],
];
