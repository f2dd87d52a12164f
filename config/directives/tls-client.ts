/** Directives of the ssl module about the certificates of clients, and about OCSP. */

import { parseSizeBytes } from '#kit/units.ts';
import type { FileText } from '#model/l7/tls.ts';
import { ArgumentFault, arg, Argument as Word } from '../argument.ts';
import { crlFile, readFileText, trustFile } from '../pem.ts';
import { tlsDirective, tlsField, tlsOf } from './tls-field.ts';

/** nginx's bound: eight pages. */
const LEAST_CACHE_BYTES = 8 * 4096;

const responder = () =>
  new Word<string>('a URL', text => {
    if (!/^http:\/\/[^/]+/.test(text))
      throw new ArgumentFault(`"${text}" is not the URL of a responder`, 'it begins with http://');
    return text;
  });

const ocspCache = new Word<{ name: string; bytes: number } | undefined>(
  'off or shared:NAME:SIZE',
  (text, { scope, token }) => {
    if (text === 'off') return undefined;
    const [, name, size] = /^shared:([^:]+):([^:]+)$/.exec(text) ?? [];
    const bytes = parseSizeBytes(size ?? '');
    if (!name || bytes === undefined)
      throw new ArgumentFault(`invalid OCSP cache "${text}"`, 'write off or shared:NAME:SIZE', token);
    if (bytes < LEAST_CACHE_BYTES)
      throw new ArgumentFault(
        `OCSP cache "${name}" is too small`,
        `it takes ${LEAST_CACHE_BYTES / 1024}k or more`,
        token,
      );
    scope.zone(name, 'ssl_ocsp_cache', bytes, token);
    return { name, bytes };
  },
);

const CLIENT = [
  tlsField('ssl_verify_client', 'verify', arg.oneOf(['off', 'on', 'optional', 'optional_no_ca']), {
    summary:
      'Whether clients are asked for a certificate, and what follows from it: on refuses requests without a good one.',
    default: 'off',
    example: 'optional',
  }),
  tlsField('ssl_verify_depth', 'verifyDepth', arg.integer({ max: 100 }), {
    summary: "How many certificates may stand between a client's own and a trusted one.",
    default: '1',
    example: '2',
  }),
  tlsField('ssl_client_certificate', 'clientCertificate', trustFile(), {
    summary: 'Certificates that those of clients must be signed by; their names are sent to clients.',
    example: 'clients-ca.pem',
  }),
  tlsField('ssl_trusted_certificate', 'trustedCertificate', trustFile(), {
    summary: 'Further certificates that those of clients may be signed by.',
    example: 'clients-ca.pem',
    differs: 'Their names are sent to clients too.',
  }),
  tlsField('ssl_crl', 'crl', crlFile(), {
    summary: 'Revoked certificates of clients: a list of every authority in the chain is needed.',
    example: 'clients.crl',
  }),
  tlsDirective(
    'ssl_ocsp',
    arg.oneOf(['on', 'off', 'leaf']),
    {
      summary:
        'Asks OCSP responders about the certificates of clients: about all that lead to the root, or the own one (leaf).',
      default: 'off',
      example: 'leaf',
    },
    (wanted, scope) => {
      tlsOf(scope).ocsp.scope = wanted;
    },
  ),
  tlsDirective(
    'ssl_ocsp_responder',
    responder(),
    { summary: 'Whom to ask, in place of the URL in a certificate.', example: 'http://ocsp.example.org/' },
    (url, scope) => {
      tlsOf(scope).ocsp.responder = url;
    },
  ),
  tlsDirective(
    'ssl_ocsp_cache',
    ocspCache,
    {
      summary: 'Keeps answers about clients until there will be newer ones; each worker keeps its own.',
      default: 'off',
      example: 'shared:OCSP:1m',
    },
    (cache, scope) => {
      tlsOf(scope).ocsp.cache = cache;
    },
  ),
];

const staplingFile = new Word<FileText>('a file with an OCSP answer (DER)', (path, { scope }) => {
  const file = readFileText(path, scope);
  if (file.text.charCodeAt(0) !== 0x30)
    throw new ArgumentFault(
      `${file.path} holds no OCSP answer in DER`,
      'openssl ocsp -respout FILE makes one',
    );
  return file;
});

const STAPLING = [
  tlsDirective(
    'ssl_stapling',
    arg.flag(),
    {
      summary: 'Sends the statement of its authority along with the certificate (OCSP stapling).',
      default: 'off',
      example: 'on',
    },
    (on, scope) => {
      tlsOf(scope).stapling.on = on;
    },
  ),
  tlsDirective(
    'ssl_stapling_file',
    staplingFile,
    { summary: 'A statement fetched by other means.', example: 'example.org.ocsp' },
    (file, scope) => {
      tlsOf(scope).stapling.file = file;
    },
  ),
  tlsDirective(
    'ssl_stapling_responder',
    responder(),
    { summary: 'Whom to ask, in place of the URL in the certificate.', example: 'http://ocsp.example.org/' },
    (url, scope) => {
      tlsOf(scope).stapling.responder = url;
    },
  ),
  tlsDirective(
    'ssl_stapling_verify',
    arg.flag(),
    {
      summary: 'Whether the statement is held against ssl_trusted_certificate before it is sent on.',
      default: 'off',
      example: 'on',
    },
    (verify, scope) => {
      tlsOf(scope).stapling.verify = verify;
    },
  ),
];

export const TLS_CLIENT = [...CLIENT, ...STAPLING];
