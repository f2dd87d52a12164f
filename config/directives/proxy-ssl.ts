/** Directives of the proxy module for TLS to servers. */
import type { OwnFile, ProxyTlsSettings } from '#model/l7/proxy-tls.ts';
import type { FileText } from '#model/l7/tls.ts';
import { Argument, arg } from '../argument.ts';
import type { Writable } from '../draft.ts';
import { certificatesOf, crlFile, passwordFile, readFileText, trustFile } from '../pem.ts';
import { type Context, type Directive, defineDirective } from '../registry.ts';
import { certificateCacheArgs, certificateCacheOf } from './tls-certificate.ts';
import { commandArgs, runCommand } from './tls-command.ts';
import { cipherList, protocolWord, spokenProtocols } from './tls-protocol.ts';

const EVERYWHERE: readonly Context[] = ['http', 'server', 'location'];

interface Doc {
  readonly summary: string;
  readonly default?: string;
  readonly example: string;
  readonly differs?: string;
}

/** A directive `proxy_ssl_NAME VALUE;` for a field. */
const field = <K extends keyof ProxyTlsSettings>(
  name: string,
  key: K,
  value: Argument<ProxyTlsSettings[K]>,
  { default: absent, example, ...doc }: Doc,
): Directive =>
  defineDirective({
    name: `proxy_ssl_${name}`,
    context: EVERYWHERE,
    args: { value },
    doc: {
      ...doc,
      ...(absent !== undefined && { default: `proxy_ssl_${name} ${absent};` }),
      example: `proxy_ssl_${name} ${example};`,
      since: '0.1',
    },
    compile(args, scope) {
      const own: Partial<Writable<ProxyTlsSettings>> = {};
      own[key] = args.value;
      scope.set('proxyTls', own);
    },
  });

/** @param check of what was read; @throws {ArgumentFault} */
const ownFile = (says: string, check: (file: FileText) => void) =>
  new Argument<OwnFile | undefined>(says, (path, { scope, token }) => {
    if (path === '') return undefined;
    if (path.includes('$')) return { template: scope.template(path, token), confDir: scope.confPath('') };
    const file = readFileText(path, scope);
    check(file);
    return file;
  });

const certificateCache = defineDirective({
  name: 'proxy_ssl_certificate_cache',
  context: EVERYWHERE,
  args: certificateCacheArgs,
  doc: {
    summary:
      'Keeps certificates whose paths have variables, so that they are not looked at for every connection.',
    default: 'proxy_ssl_certificate_cache off;',
    example: 'proxy_ssl_certificate_cache max=1000 inactive=20s valid=1m;',
    since: '0.1',
  },
  compile(args, scope) {
    scope.set('proxyTls', { certificateCache: certificateCacheOf(args) });
  },
});

const protocols = defineDirective({
  name: 'proxy_ssl_protocols',
  context: EVERYWHERE,
  args: { protocols: protocolWord().rest(1) },
  doc: {
    summary: 'The versions of TLS spoken with servers.',
    default: 'proxy_ssl_protocols TLSv1.2 TLSv1.3;',
    example: 'proxy_ssl_protocols TLSv1.3;',
    since: '0.1',
  },
  compile({ protocols }, scope) {
    scope.set('proxyTls', { protocols: spokenProtocols(protocols) });
  },
});

const command = defineDirective({
  name: 'proxy_ssl_conf_command',
  context: EVERYWHERE,
  repeats: true,
  args: commandArgs,
  doc: {
    summary: "Runs one of OpenSSL's configuration commands on TLS to servers.",
    example: 'proxy_ssl_conf_command Groups X25519;',
    differs: 'It knows those of ssl_conf_command.',
    since: '0.1',
  },
  compile({ name, value }, scope) {
    const before = scope.own.proxyTls?.commands ?? {};
    const commands = { ...before };
    runCommand(name, value, commands, scope);
    scope.set('proxyTls', { commands });
  },
});

export const PROXY_SSL: readonly Directive[] = [
  protocols,
  command,
  certificateCache,
  field('certificate', 'certificate', ownFile('a file of PEM certificates', certificatesOf), {
    summary:
      'The certificate that moat shows to servers; none when it is empty. A path with variables is read when a server is connected to.',
    example: 'moat.pem',
  }),
  field(
    'certificate_key',
    'certificateKey',
    ownFile('a file with a PEM key', () => {}),
    {
      summary: 'The private key of proxy_ssl_certificate.',
      example: 'moat.key',
    },
  ),
  field('password_file', 'passwords', passwordFile(), {
    summary: 'Passwords of the key, one a line, tried in turn.',
    example: 'keys.pass',
  }),
  field('ciphers', 'ciphers', cipherList(), {
    summary: 'The ciphers of TLS 1.2 and before.',
    default: 'DEFAULT',
    example: 'ECDHE+AESGCM',
  }),
  field('trusted_certificate', 'trustedCertificate', trustFile(), {
    summary: 'Certificates that those of servers must be signed by.',
    example: 'servers-ca.pem',
  }),
  field('crl', 'crl', crlFile(), {
    summary: 'Revoked certificates of servers: a list of every authority in the chain is needed.',
    example: 'servers.crl',
  }),
  field('verify', 'verify', arg.flag(), {
    summary: 'Whether the certificates of servers are verified; if one is not good, its server has failed.',
    default: 'off',
    example: 'on',
  }),
  field('verify_depth', 'verifyDepth', arg.integer({ max: 100 }), {
    summary: "How many certificates may stand between a server's own and a trusted one.",
    default: '1',
    example: '2',
  }),
  field('name', 'name', arg.template(), {
    summary: 'The name that the certificate must be for, and that the server is told.',
    default: '$proxy_host',
    example: 'app.internal',
  }),
  field('server_name', 'serverName', arg.flag(), {
    summary: 'Whether the server is told the name (SNI).',
    default: 'off',
    example: 'on',
  }),
  field('session_reuse', 'sessionReuse', arg.flag(), {
    summary: 'Whether sessions with servers are resumed.',
    default: 'on',
    example: 'off',
  }),
];
