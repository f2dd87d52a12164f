/** Directives of the ssl module about the certificates of clients, and about OCSP. */

import type { FileText } from '#model/l7/tls.ts';
import { ArgumentFault, arg, Argument as Word } from '../argument.ts';
import { crlFile, readFileText, trustFile } from '../pem.ts';
import { tlsDirective, tlsField, tlsOf } from './tls-field.ts';

const responder = () =>
  new Word<string>('a URL', text => {
    if (!/^http:\/\/[^/]+/.test(text))
      throw new ArgumentFault(`"${text}" is not the URL of a responder`, 'it begins with http://');
    return text;
  });

const ocsp = new Word<string>('on, off or leaf', text => {
  if (text === 'off') return text;
  throw new ArgumentFault(
    'moat asks no responder about the certificates of clients',
    'use ssl_crl to refuse revoked ones',
  );
});

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
    ocsp,
    {
      summary: 'Asks OCSP responders about the certificates of clients.',
      default: 'off',
      example: 'off',
      differs: 'Only off is possible.',
    },
    () => {},
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
