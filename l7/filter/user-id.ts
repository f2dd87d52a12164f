/** userid: sends the cookie to clients that have none, or an old one. */
import type { UserIdSettings } from '#model/l7/user-id.ts';
import { cookieTime } from '../clock.ts';
import { cleanValue } from '../message.ts';
import type { Compiler, HeaderFilter } from '../tables.ts';

export function userIdFilter({ location }: Compiler): HeaderFilter | undefined {
  const { mode, p3p, name } = location.settings.userId;
  if (mode === 'off' || mode === 'log') return undefined;
  const attributes = attributesOf(location.settings.userId);
  return (exchange, response) => {
    if (exchange.main !== exchange) return;
    const { userIds } = exchange.location;
    const id = userIds.give(exchange);
    if (!id) return;
    response.headers.append(
      'Set-Cookie',
      `${name}=${userIds.cookie(id)}${attributes(exchange.clock.wallMs())}`,
    );
    if (p3p !== undefined) response.headers.append('P3P', cleanValue(p3p));
  };
}

const LATEST = 'Thu, 31-Dec-37 23:55:55 GMT';

function attributesOf({ expires, domain, path, flags }: UserIdSettings): (wallMs: number) => string {
  const rest = cleanValue(
    `${domain === undefined ? '' : `; domain=${domain}`}; path=${path}${flags.map(flag => `; ${flag}`).join('')}`,
  );
  if (expires === 'off') return () => rest;
  if (expires === 'max') return () => `; expires=${LATEST}${rest}`;
  return wallMs => `; expires=${cookieTime(wallMs + expires.afterMs)}${rest}`;
}
