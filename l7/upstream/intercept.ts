/** proxy_intercept_errors: an answer becomes an error page, where there is one for its status. */
import type { ProxySettings } from '#model/l7/proxy.ts';
import type { Exchange } from '../exchange.ts';
import type { ResponseHead } from '../wire/h1/response.ts';

/** @returns whether the request is to end with the answer's status; what a 401 asks for stays with it */
export function intercepts(
  exchange: Exchange,
  settings: ProxySettings,
  { status, headers }: ResponseHead,
): boolean {
  if (!settings.interceptErrors || status < 300 || !exchange.location.errorPages.has(status)) return false;
  if (status === 401) exchange.challenges = headers.all('www-authenticate');
  return true;
}
