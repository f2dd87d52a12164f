/** Addresses of the cluster block, with the width of the network around them. */
import { ArgumentFault } from './argument.ts';
import { addressOf } from './l4-address.ts';
import type { Token } from './lex.ts';

export interface Prefix {
  /** In its usual form. */
  readonly address: string;
  readonly family: 4 | 6;
  readonly prefixBits: number;
}

/** Reads `192.0.2.10/24`, or an address alone, which has no network. @throws {ArgumentFault} */
export function readPrefix(token: Token): Prefix {
  const [written = '', bits, more] = token.text.split('/');
  const { text, family } = addressOf(written, token);
  const most = family === 4 ? 32 : 128;
  const prefixBits = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : most + 1;
  if (more !== undefined || prefixBits > most)
    throw new ArgumentFault(
      `"${token.text}" is not an address with a width`,
      `write ADDRESS/0 to ADDRESS/${most}`,
      token,
    );
  return { address: text, family, prefixBits };
}
