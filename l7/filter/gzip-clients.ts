/** Who gets gzip, as nginx decides it: by Accept-Encoding, version, User-Agent, and for proxies by what the answer says. */
import { regexOf } from '#kit/pcre.ts';
import type { GzipProxiedCase } from '#model/l7/compress.ts';
import { weightsOf } from '../coding/accept.ts';
import type { Exchange } from '../exchange.ts';
import { hasToken } from '../message.ts';
import type { Response } from '../response.ts';
import type { Compiler } from '../tables.ts';
import { parseHttpDate } from '../wire/http-date.ts';

/** @returns whether this client may be sent gzip in this location */
export type GzipClients = (exchange: Exchange, response: Response) => boolean;

export function gzipClients({ location }: Compiler): GzipClients {
  const { httpMinor, proxied, disable } = location.settings.gzip;
  const disabled = disable.map(regexOf);
  const cases = new Set(proxied);
  return (exchange, response) => {
    const { head } = exchange;
    if (exchange.main !== exchange || head.minor < httpMinor) return false;
    if (weightsOf(head.headers.get('accept-encoding')).gzip === 0) return false;
    if (head.headers.has('via') && !isForProxies(cases, exchange, response)) return false;
    if (disabled.length === 0) return true;
    const agent = head.headers.get('user-agent');
    return agent === undefined || !disabled.some(pattern => pattern.test(agent));
  };
}

/** Expires decides if it is there, else Cache-Control, else the two validators. */
function isForProxies(cases: ReadonlySet<GzipProxiedCase>, exchange: Exchange, response: Response): boolean {
  if (cases.has('off')) return false;
  if (cases.has('any')) return true;
  if (cases.has('auth') && exchange.head.headers.has('authorization')) return true;
  const { headers } = response;
  const expires = headers.get('expires');
  if (expires !== undefined) return cases.has('expired') && isPast(expires, headers.get('date'), exchange);
  const control = headers.joined('cache-control');
  if (control !== undefined)
    return (['no-cache', 'no-store', 'private'] as const).some(
      word => cases.has(word) && hasToken(control, word),
    );
  if (cases.has('no_last_modified') && headers.has('last-modified')) return false;
  return !(cases.has('no_etag') && headers.has('etag'));
}

function isPast(expires: string, date: string | undefined, { clock }: Exchange): boolean {
  const expiresMs = parseHttpDate(expires);
  const nowMs = date === undefined ? clock.wallMs() : parseHttpDate(date);
  return expiresMs !== undefined && nowMs !== undefined && expiresMs < nowMs;
}
