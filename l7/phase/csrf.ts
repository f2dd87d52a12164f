/** waf_csrf: what a page of another site had a browser send does not reach the server. */
import { type Judgement, judge } from '../csrf/judge.ts';
import { isToken, newToken } from '../csrf/token.ts';
import type { Exchange } from '../exchange.ts';
import { quoted } from '../log/quoted.ts';
import type { Compiler, HeaderFilter } from '../tables.ts';
import { cookieOf } from '../variable/header.ts';
import { findingTeller } from '../waf/finding.ts';
import { NEXT, type Phase } from './verdict.ts';

const REFUSED = 403;

export function csrfPhase(compiler: Compiler): Phase | undefined {
  const { location, tables } = compiler;
  const { mode, cookie, trusted } = location.settings.waf.csrf;
  if (mode === 'off') return undefined;
  const { secret } = tables.pools;
  const tell = findingTeller(compiler);
  return exchange => {
    if (exchange.main !== exchange || exchange.csrfStatus !== undefined || exchange.errorStatus !== 0)
      return NEXT;
    const judgement = judgementOf(exchange, trusted);
    if (judgement === 'safe') return NEXT;
    const isForeign =
      judgement === 'foreign' ||
      (judgement === 'silent' && cookie !== undefined && lacksToken(exchange, cookie, secret));
    if (!isForeign) exchange.csrfStatus = 'PASSED';
    else {
      exchange.csrfStatus = mode === 'block' ? 'REFUSED' : 'DETECTED';
      const reason = reasonOf(exchange, judgement);
      exchange.log('error', reason);
      tell(exchange, { source: 'csrf', action: mode, reason });
    }
    return exchange.csrfStatus === 'REFUSED' ? REFUSED : NEXT;
  };
}

/** Gives browsers that ask for a page the cookie that they will show later. */
export function csrfFilter({ location, tables }: Compiler): HeaderFilter | undefined {
  const { mode, cookie } = location.settings.waf.csrf;
  if (mode === 'off' || cookie === undefined) return undefined;
  const { secret } = tables.pools;
  return (exchange, response) => {
    if (exchange.main !== exchange || exchange.method !== 'GET' || !wantsPage(exchange)) return;
    if (hasToken(exchange, cookie, secret)) return;
    const secure = exchange.connection.tls ? '; Secure' : '';
    response.headers.append(
      'Set-Cookie',
      `${cookie}=${newToken(secret, exchange.host)}; Path=/; HttpOnly; SameSite=Strict${secure}`,
    );
  };
}

function judgementOf({ method, head }: Exchange, trusted: readonly string[]): Judgement {
  const { headers } = head;
  return judge(
    {
      method,
      upgrades: headers.get('upgrade') !== undefined || method === 'CONNECT',
      host: head.host ?? headers.get('host') ?? '',
      site: headers.get('sec-fetch-site'),
      origin: headers.get('origin'),
    },
    trusted,
  );
}

const cookiesOf = ({ head }: Exchange): string => head.headers.joined('cookie', ';') ?? '';

function hasToken(exchange: Exchange, cookie: string, secret: string): boolean {
  const token = cookieOf(cookiesOf(exchange), cookie);
  return token !== undefined && isToken(token, secret, exchange.host);
}

/** Without cookies there is no session to abuse. */
const lacksToken = (exchange: Exchange, cookie: string, secret: string): boolean =>
  cookiesOf(exchange) !== '' && !hasToken(exchange, cookie, secret);

const wantsPage = ({ head: { headers } }: Exchange): boolean =>
  (headers.joined('accept') ?? '').includes('text/html');

function reasonOf({ head: { headers } }: Exchange, judgement: Judgement): string {
  if (judgement === 'silent') return 'cross-site request: cookies, but no word about where it comes from';
  const said = ['origin', 'sec-fetch-site'].flatMap(name => {
    const value = headers.get(name);
    return value === undefined ? [] : [`${name} ${quoted(value)}`];
  });
  return `cross-site request: ${said.join(', ')}`;
}
