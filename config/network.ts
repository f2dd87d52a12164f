/** Reads networks of addresses, as `allow`, `geo` and `set_real_ip_from` take them. */
import { type Cidr, parseCidr } from '#kit/cidr.ts';
import { ArgumentFault } from './argument.ts';
import type { Token } from './lex.ts';
import type { Scope } from './scope.ts';

/** Warns when the address has bits below the network. @throws {ArgumentFault} when the text is no network */
export function readNetwork(token: Token, scope: Scope): Cidr {
  const found = parseCidr(token.text);
  if (!found)
    throw new ArgumentFault(`invalid network "${token.text}"`, 'write ADDRESS or ADDRESS/BITS', token);
  if (found.lowBits)
    scope.faults.warn(
      'low-bits',
      `low address bits of "${token.text}" are meaningless`,
      token,
      `it is taken as ${found.cidr.address}/${found.cidr.bits}`,
    );
  return found.cidr;
}
