/** Reads the address of a name server, as `resolver` has it. */
import { isIP } from 'node:net';
import type { ResolverSettings } from '#model/l7/core.ts';
import { ArgumentFault } from '../argument.ts';
import type { Token } from '../lex.ts';

const DNS_PORT = 53;

/** Reads `10.0.0.53`, `10.0.0.53:5353`, `[fd00::53]:5353` or a host name. @throws {ArgumentFault} */
export function nameServer(token: Token): ResolverSettings['servers'][number] {
  const match = /^(?:\[([^\]]+)\]|([^:[\]=]+))(?::(\d{1,5}))?$/.exec(token.text);
  const address = match?.[1] ?? match?.[2];
  if (!match || !address || (match[1] !== undefined && isIP(address) !== 6))
    throw new ArgumentFault(
      `"${token.text}" is not the address of a name server`,
      'write ADDRESS, ADDRESS:PORT or [IPV6]:PORT',
      token,
    );
  const port = match[3] === undefined ? DNS_PORT : Number(match[3]);
  if (port < 1 || port > 65535) throw new ArgumentFault(`${port} is not a port`, 'take 1 to 65535', token);
  return { address, port };
}
