/** ssl_conf_command: OpenSSL's own configuration commands, as far as the runtime lets them be set. */
import { constants } from 'node:crypto';
import type { TlsCommands } from '#model/l7/proxy-tls.ts';
import { TLS_PROTOCOLS, type TlsProtocol } from '#model/l7/tls.ts';
import { ArgumentFault, arg } from '../argument.ts';
import type { Writable } from '../draft.ts';
import type { Site, Token } from '../lex.ts';
import { tryContext } from '../pem.ts';
import { defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { SERVER_BLOCKS } from './core-field.ts';
import { tlsOf } from './tls-field.ts';

export type CommandEffects = Writable<TlsCommands>;

type Command = (value: string, effects: CommandEffects, scope: Scope, site: Site) => void;

const suites: Command = (value, effects) => {
  if (!value.split(':').every(name => name.startsWith('TLS_')))
    throw new ArgumentFault(`"${value}" is not a list of TLS 1.3 suites`, 'as in TLS_AES_128_GCM_SHA256');
  tryContext({ ciphers: value }, `"${value}" is not a list of TLS 1.3 suites`);
  effects.cipherSuites = value;
};

const ciphers: Command = (value, effects) => {
  tryContext({ ciphers: value }, `"${value}" is not a list of ciphers`);
  effects.ciphers = value;
};

const groups: Command = (value, effects) => {
  tryContext({ ecdhCurve: value }, `"${value}" is not a list of groups`);
  effects.curves = value;
};

const signatures: Command = (value, effects) => {
  tryContext({ sigalgs: value }, `"${value}" is not a list of signature algorithms`);
  effects.signatureAlgorithms = value;
};

const protocolBound =
  (bound: 'minProtocol' | 'maxProtocol'): Command =>
  (value, effects) => {
    const protocol = TLS_PROTOCOLS.find(known => known === value);
    if (!protocol) throw new ArgumentFault(`"${value}" is not one of ${TLS_PROTOCOLS.join(', ')}`);
    effects[bound] = protocol;
  };

/** Those that the runtime has no names for; from openssl/ssl.h. */
const SSL_OP_NO_EXTENDED_MASTER_SECRET = 0x1;
const SSL_OP_DISABLE_TLSEXT_CA_NAMES = 0x200;

/** Flags of `Options`: what `-FLAG` or `FLAG` does. */
const FLAGS: Readonly<Record<string, (on: boolean, effects: CommandEffects) => void>> = {
  SessionTicket: (on, effects) => (effects.sessionTickets = on),
  ServerPreference: (on, effects) => (effects.preferServerCiphers = on),
  PrioritizeChaCha: (on, effects) => setBit(constants.SSL_OP_PRIORITIZE_CHACHA, on, effects),
  AllowNoDHEKEX: (on, effects) => setBit(constants.SSL_OP_ALLOW_NO_DHE_KEX, on, effects),
  ExtendedMasterSecret: (on, effects) => setBit(SSL_OP_NO_EXTENDED_MASTER_SECRET, !on, effects),
  CANames: (on, effects) => setBit(SSL_OP_DISABLE_TLSEXT_CA_NAMES, !on, effects),
  EncryptThenMac: (on, effects) => setBit(constants.SSL_OP_NO_ENCRYPT_THEN_MAC, !on, effects),
  NoRenegotiation: on => {
    if (!on) throw new ArgumentFault('renegotiation by clients is always refused');
  },
};

function setBit(bit: number, on: boolean, effects: CommandEffects): void {
  const before = BigInt(effects.options ?? 0);
  effects.options = Number(on ? before | BigInt(bit) : before & ~BigInt(bit));
}

const options: Command = (value, effects, scope, site) => {
  for (const word of value.split(',')) {
    const name = word.replace(/^[+-]/, '');
    const set = Object.hasOwn(FLAGS, name) ? FLAGS[name] : undefined;
    if (set) set(!word.startsWith('-'), effects);
    else if (name !== 'KTLS')
      throw new ArgumentFault(`"${word}" is not an option that can be set here`, `it knows ${names(FLAGS)}`);
    else
      scope.faults.warn(
        'no-effect',
        'the runtime has no TLS in the kernel: "Options KTLS" changes nothing',
        site,
      );
  }
};

/** `-ALL,TLSv1.2`: versions taken away and added, from left to right, beginning with all. */
const protocolList: Command = (value, effects) => {
  let spoken: readonly TlsProtocol[] = TLS_PROTOCOLS;
  for (const word of value.split(',')) {
    const name = word.replace(/^[+-]/, '');
    const meant = name === 'ALL' ? TLS_PROTOCOLS : TLS_PROTOCOLS.filter(known => known === name);
    if (meant.length === 0 && !/^SSLv[23]$/.test(name))
      throw new ArgumentFault(`"${word}" is not one of ALL, ${TLS_PROTOCOLS.join(', ')}`);
    spoken = TLS_PROTOCOLS.filter(known =>
      word.startsWith('-')
        ? spoken.includes(known) && !meant.includes(known)
        : spoken.includes(known) || meant.includes(known),
    );
  }
  if (spoken.length === 0) throw new ArgumentFault(`"${value}" leaves no version of TLS`);
  effects.protocols = spoken;
};

const COMMANDS: Readonly<Record<string, Command>> = {
  Options: options,
  Ciphersuites: suites,
  CipherString: ciphers,
  Groups: groups,
  Curves: groups,
  SignatureAlgorithms: signatures,
  Protocol: protocolList,
  MinProtocol: protocolBound('minProtocol'),
  MaxProtocol: protocolBound('maxProtocol'),
};

const names = (table: object) => Object.keys(table).join(', ');

/** The arguments of ssl_conf_command and proxy_ssl_conf_command. */
export const commandArgs = { name: arg.token('a command'), value: arg.token('its value') };

/** Runs one command. @throws {ArgumentFault} for one that the runtime has no way to set */
export function runCommand(name: Token, value: Token, effects: CommandEffects, scope: Scope): void {
  const wanted = name.text.toLowerCase();
  const command = Object.entries(COMMANDS).find(([key]) => key.toLowerCase() === wanted)?.[1];
  if (!command)
    throw new ArgumentFault(`"${name.text}" cannot be set in this runtime`, `it knows ${names(COMMANDS)}`);
  command(value.text, effects, scope, value);
}

export const TLS_COMMAND = [
  defineDirective({
    name: 'ssl_conf_command',
    context: SERVER_BLOCKS,
    repeats: true,
    args: commandArgs,
    doc: {
      summary: "Runs one of OpenSSL's configuration commands on the server's TLS.",
      example: 'ssl_conf_command Ciphersuites TLS_CHACHA20_POLY1305_SHA256;',
      differs: `It knows ${Object.keys(COMMANDS).join(', ')}.`,
      since: '0.1',
    },
    compile({ name, value }, scope) {
      runCommand(name, value, (tlsOf(scope).commands ??= {}), scope);
    },
  }),
];
