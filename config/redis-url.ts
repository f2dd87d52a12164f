/** `redis://HOST:PORT/DATABASE`, and `rediss://` over TLS. */
import { ArgumentFault } from './argument.ts';
import type { RedisServerDraft } from './draft-cluster.ts';
import type { Token } from './lex.ts';

const MOST_DATABASE = 1023;

/** Whether a word is meant as one. */
export const isRedisUrl = (text: string): boolean => /^rediss?:/.test(text);

/** @param port where none is written @throws {ArgumentFault} */
export function readRedisUrl(place: Token, port: number): RedisServerDraft {
  const { text } = place;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^rediss?:$/.test(url.protocol) || url.hostname === '')
    throw new ArgumentFault(
      `"${text}" is no address of Redis`,
      'write redis://HOST:PORT or rediss://HOST:PORT',
      place,
    );
  if (url.username !== '' || url.password !== '')
    throw new ArgumentFault(
      'a password in the address is read by whoever reads this file',
      'write user NAME and password file:PATH into the block',
      place,
    );
  const database = /^(?:\/(\d{1,4})?)?$/.exec(url.pathname);
  if (!database || url.search !== '' || url.hash !== '' || Number(database[1] ?? 0) > MOST_DATABASE)
    throw new ArgumentFault(
      `"${text}" has more than a host, a port and a database`,
      'write redis://HOST:PORT/NUMBER',
      place,
    );
  return {
    ...{ host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? port : Number(url.port) },
    ...{ isTls: url.protocol === 'rediss:', database: Number(database[1] ?? 0), place },
  };
}
