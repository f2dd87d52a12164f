/** Variables of the PROXY protocol header that a connection began with. */
import type { ProxiedAddress } from '../downstream/downstream.ts';
import { readTlvs } from '../wire/proxy/header.ts';
import type { Getter } from './space.ts';

const of =
  (value: (proxied: ProxiedAddress) => string | number): Getter =>
  ({ connection: { proxied } }) =>
    proxied && String(value(proxied));

export const PROXY_PROTOCOL_VARIABLES = {
  proxy_protocol_addr: of(({ sourceAddress }) => sourceAddress),
  proxy_protocol_port: of(({ sourcePort }) => sourcePort),
  proxy_protocol_server_addr: of(({ targetAddress }) => targetAddress),
  proxy_protocol_server_port: of(({ targetPort }) => targetPort),
} satisfies Record<string, Getter>;

/** Types by the names that nginx gives them. */
const TYPES: Readonly<Record<string, number>> = {
  alpn: 0x01,
  authority: 0x02,
  unique_id: 0x05,
  ssl: 0x20,
  netns: 0x30,
};
/** Those inside the one about TLS. */
const TLS_TYPES: Readonly<Record<string, number>> = {
  version: 0x21,
  cn: 0x22,
  cipher: 0x23,
  sig_alg: 0x24,
  key_alg: 0x25,
};
/** What stands before them there: flags, and the outcome of the check of the client's certificate. */
const TLS_FIXED_BYTES = 5;

/** A type by its name, or by its number as `0xHH`. */
const typeOf = (name: string, types: typeof TYPES): number | undefined =>
  /^0x0*[0-9a-f]{1,2}$/.test(name) ? Number(name) : types[name];

/** `$proxy_protocol_tlv_NAME`, `_0xHH`, and `_ssl_NAME` for what stands inside the one about TLS. */
function tlv(name: string): Getter {
  const type = typeOf(name, TYPES);
  if (type !== undefined) return ({ connection }) => connection.proxied?.tlvs.get(type)?.latin1Slice();
  const inner = typeOf(name.replace(/^ssl_/, ''), TLS_TYPES);
  if (name === 'ssl_verify') return ({ connection }) => verifyOf(connection.proxied);
  if (!name.startsWith('ssl_') || inner === undefined) return () => undefined;
  return ({ connection }) => {
    const tls = connection.proxied?.tlvs.get(0x20);
    return tls && readTlvs(tls.subarray(TLS_FIXED_BYTES))?.get(inner)?.latin1Slice();
  };
}

function verifyOf(proxied: ProxiedAddress | undefined): string | undefined {
  const tls = proxied?.tlvs.get(0x20);
  return tls && tls.length >= TLS_FIXED_BYTES ? String(tls.readUInt32BE(1)) : undefined;
}

export const PROXY_PROTOCOL_PREFIXES: readonly (readonly [string, (rest: string) => Getter])[] = [
  ['proxy_protocol_tlv_', tlv],
];
