/** Directives of the ssl module about the server's own certificates. */
import type { CertificateCache } from '#model/l7/tls.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { passwordFile } from '../pem.ts';
import { defineDirective } from '../registry.ts';
import { SERVER_BLOCKS } from './core-field.ts';
import { tlsDirective, tlsField, tlsOf } from './tls-field.ts';

const certificate = defineDirective({
  name: 'ssl_certificate',
  context: SERVER_BLOCKS,
  repeats: true,
  args: { file: arg.token('a file, data: or a path with variables') },
  doc: {
    summary:
      'The certificate shown to clients, followed by those that lead to its root. Several lines: one for each type of key. A PKCS#12 bundle brings its key along.',
    example: 'ssl_certificate example.org.pem;',
    differs: 'A PKCS#12 bundle needs no ssl_certificate_key.',
    since: '0.1',
  },
  compile({ file }, scope) {
    if (file.text === '') throw new ArgumentFault('an empty path');
    (tlsOf(scope).certificates ??= []).push(file);
  },
});

const key = defineDirective({
  name: 'ssl_certificate_key',
  context: SERVER_BLOCKS,
  repeats: true,
  args: { file: arg.token('a file, data: or a path with variables') },
  doc: {
    summary: 'The private key of the certificate on the ssl_certificate line of the same rank.',
    example: 'ssl_certificate_key example.org.key;',
    since: '0.1',
  },
  compile({ file }, scope) {
    if (/^(engine|store):/.test(file.text))
      throw new ArgumentFault('keys of engines and providers cannot be used', 'export the key to a PEM file');
    (tlsOf(scope).keys ??= []).push(file);
  },
});

/** The arguments of ssl_certificate_cache and proxy_ssl_certificate_cache. */
export const certificateCacheArgs = {
  off: arg.oneOf(['off']).optional(),
  max: arg.integer({ min: 1 }).param(),
  inactive: arg.durationMs().param(),
  valid: arg.durationMs().param(),
};

interface CacheArgs {
  readonly off?: 'off' | undefined;
  readonly max?: number | undefined;
  readonly inactive?: number | undefined;
  readonly valid?: number | undefined;
}

/** @returns undefined for off. @throws {ArgumentFault} */
export function certificateCacheOf({ off, max, inactive, valid }: CacheArgs): CertificateCache | undefined {
  if (off) return undefined;
  if (max === undefined) throw new ArgumentFault('"max=" is missing', 'write off, or max=NUMBER');
  return { most: max, inactiveMs: inactive ?? 10_000, validMs: valid ?? 60_000 };
}

const cache = defineDirective({
  name: 'ssl_certificate_cache',
  context: SERVER_BLOCKS,
  args: certificateCacheArgs,
  doc: {
    summary: 'Keeps certificates whose paths have variables, so that they are not read for every client.',
    default: 'ssl_certificate_cache off;',
    example: 'ssl_certificate_cache max=1000 inactive=20s valid=1m;',
    since: '0.1',
  },
  compile(args, scope) {
    tlsOf(scope).settings.certificateCache = certificateCacheOf(args);
  },
});

export const TLS_CERTIFICATE = [
  certificate,
  key,
  cache,
  tlsDirective(
    'ssl_password_file',
    passwordFile(),
    { summary: 'Passwords of encrypted keys, one a line, tried in turn.', example: 'keys.pass' },
    (passwords, scope) => {
      tlsOf(scope).passwords = passwords;
    },
  ),
  tlsField('ssl_reject_handshake', 'rejectHandshake', arg.flag(), {
    summary: 'Refuses clients that name this server, before a certificate is shown.',
    default: 'off',
    example: 'on',
  }),
  tlsField('ssl_certificate_compression', 'certificateCompression', arg.flag(), {
    summary: 'Compresses certificates for clients that can read that (RFC 8879).',
    default: 'off',
    example: 'on',
  }),
  tlsField('ssl_early_data', 'earlyData', arg.flag(), {
    summary:
      'Takes requests in the first flight of TLS 1.3. Somebody may have recorded and sent them again: $ssl_early_data tells servers.',
    default: 'off',
    example: 'on',
  }),
];
