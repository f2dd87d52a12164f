/** Words of the directives about automatic certificates: kinds of keys, names and addresses that a certificate may be for. */
import { isIP } from 'node:net';
import { ACME_KEYS, type AcmeIdentifier, type AcmeKey } from '#model/l7/acme.ts';
import { ArgumentFault } from './argument.ts';

const SIZES: Readonly<Record<string, AcmeKey>> = { ecdsa: 'ecdsa:256', rsa: 'rsa:2048' };
const MOST_NAME = 253;
const LABEL = /^(?!-)[a-z\d_-]{1,63}(?<!-)$/;

/** @throws {ArgumentFault} */
export function readKeyKind(text: string): AcmeKey {
  const kind = SIZES[text] ?? ACME_KEYS.find(known => known === text);
  if (kind) return kind;
  throw new ArgumentFault(`"${text}" is no kind of key`, `take one of ${ACME_KEYS.join(', ')}`);
}

/** @param text as in server_name @throws {ArgumentFault} for what no certificate can be for */
export function readIdentifier(text: string): AcmeIdentifier {
  const bare = text.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) !== 0) return { type: 'ip', value: plainAddress(bare) };
  const value = text.toLowerCase().replace(/\.$/, '');
  const labels = value.replace(/^\*\./, '').split('.');
  const isName = value.length <= MOST_NAME && labels.every(label => LABEL.test(label));
  if (!isName || /^[\d.]+$/.test(value))
    throw new ArgumentFault(`"${text}" is neither a host name nor an address`, 'write it as example.org');
  return { type: 'dns', value };
}

/** As authorities write it: IPv6 by RFC 5952. */
const plainAddress = (address: string): string =>
  isIP(address) === 6 ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address;
