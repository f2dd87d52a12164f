/** Directives of the ssl module about what is spoken: versions, ciphers, curves. */
import { type FileText, TLS_PROTOCOLS, type TlsProtocol } from '#model/l7/tls.ts';
import { ArgumentFault, arg, Argument as Word } from '../argument.ts';
import { pemBlocks, readFileText, tryContext } from '../pem.ts';
import { defineDirective } from '../registry.ts';
import { SERVER_BLOCKS } from './core-field.ts';
import { tlsField, tlsOf } from './tls-field.ts';

const OLD_PROTOCOLS = ['SSLv2', 'SSLv3'] as const;
/** Versions of `ssl_protocols` and its like; nginx takes the old ones too, and OpenSSL does not speak them. */
export const protocolWord = () => arg.oneOf([...OLD_PROTOCOLS, ...TLS_PROTOCOLS]);

/** Leaves out what OpenSSL does not speak. @throws {ArgumentFault} when nothing is left */
export function spokenProtocols(words: readonly string[]): TlsProtocol[] {
  const spoken = TLS_PROTOCOLS.filter(protocol => words.includes(protocol));
  if (spoken.length > 0) return spoken;
  throw new ArgumentFault('SSLv2 and SSLv3 are spoken by nobody any more', 'name TLSv1.2 and TLSv1.3');
}

const protocols = defineDirective({
  name: 'ssl_protocols',
  context: SERVER_BLOCKS,
  args: { protocols: protocolWord().rest(1) },
  doc: {
    summary: 'The versions of TLS that clients may speak.',
    default: 'ssl_protocols TLSv1.2 TLSv1.3;',
    example: 'ssl_protocols TLSv1.3;',
    since: '0.1',
  },
  compile({ protocols }, scope) {
    tlsOf(scope).settings.protocols = spokenProtocols(protocols);
  },
});

/** Ciphers of TLS 1.2 and before; those of TLS 1.3 are set by a command. */
export const cipherList = () =>
  new Word<string>("OpenSSL's list of ciphers", text => {
    // Node takes names with this prefix for TLS 1.3, where nginx does not.
    const list = text.split(':').filter(name => !/^!?TLS_/.test(name));
    tryContext({ ciphers: list.join(':') }, `"${text}" is not a list of ciphers`);
    return list.join(':');
  });

const curves = new Word<string>('auto, or names of curves', text => {
  if (text !== 'auto') tryContext({ ecdhCurve: text }, `"${text}" is not a list of curves`);
  return text;
});

const dhParameters = new Word<FileText>('a file of PEM parameters', (path, { scope }) => {
  const file = readFileText(path, scope);
  if (pemBlocks(file.text, 'DH PARAMETERS').length === 0)
    throw new ArgumentFault(`there are no PEM DH parameters in ${file.path}`, 'openssl dhparam makes them');
  tryContext({ dhparam: file.text }, `the DH parameters in ${file.path} cannot be used`);
  return file;
});

export const TLS_PROTOCOL = [
  protocols,
  tlsField('ssl_ciphers', 'ciphers', cipherList(), {
    summary: 'The ciphers of TLS 1.2 and before; those of TLS 1.3 are set by ssl_conf_command Ciphersuites.',
    default: 'HIGH:!aNULL:!MD5',
    example: 'ECDHE+AESGCM:ECDHE+CHACHA20',
  }),
  tlsField('ssl_prefer_server_ciphers', 'preferServerCiphers', arg.flag(), {
    summary: "Whether the server's order of ciphers goes before the client's.",
    default: 'off',
    example: 'on',
  }),
  tlsField('ssl_ecdh_curve', 'curves', curves, {
    summary: 'The groups for the exchange of keys, joined by colons.',
    default: 'auto',
    example: 'X25519:prime256v1',
  }),
  tlsField('ssl_dhparam', 'dhParameters', dhParameters, {
    summary: 'A file of DH parameters; without it there are no ciphers with ephemeral DH.',
    example: 'dh.pem',
  }),
  tlsField('ssl_buffer_size', 'bufferBytes', arg.size(), {
    summary: 'The most that goes into one record: small ones are sooner readable for the client.',
    default: '16k',
    example: '4k',
    differs: 'It is 512 bytes to 16k, the bounds of TLS.',
  }),
];
