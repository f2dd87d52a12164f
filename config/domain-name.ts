/** Names of DNS as configurations write them. */
import { ArgumentFault } from './argument.ts';
import type { Token } from './lex.ts';

const MOST_NAME = 253;

/** @param wildcards whether the first label may be `*` @returns it in lower case, without a dot at its end @throws {ArgumentFault} */
export function readDomainName(token: Token, wildcards = false): string {
  const name = token.text.toLowerCase().replace(/\.$/, '');
  if (name.startsWith('*.') && !wildcards)
    throw new ArgumentFault('this name may not have a "*"', undefined, token);
  if (
    name.length > MOST_NAME ||
    !/^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(
      name,
    )
  )
    throw new ArgumentFault(`"${token.text}" is not a domain name`, 'as in www.example.org', token);
  return name;
}

export const isWithinZone = (name: string, zone: string): boolean =>
  name === zone || name.endsWith(`.${zone}`);
