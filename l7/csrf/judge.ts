/**
 * Which requests a page of another site had a browser send: by what browsers say, not by what a page could say. Safe methods
 * change nothing, and a program that is no browser has no user whose cookies it could abuse.
 *
 * @see https://www.w3.org/TR/fetch-metadata/ , RFC 6454 section 7
 */

/** What of a request counts. */
export interface Asked {
  readonly method: string;
  /** It asks for another protocol: a WebSocket may change anything, and pages may open them to any site. */
  readonly upgrades: boolean;
  /** Host with the port, as the client wrote it. */
  readonly host: string;
  readonly site: string | undefined;
  readonly origin: string | undefined;
}

/** `silent`: nothing tells where it comes from. */
export type Judgement = 'safe' | 'own' | 'foreign' | 'silent';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** @param trusted origins in lower case */
export function judge(
  { method, upgrades, host, site, origin }: Asked,
  trusted: readonly string[],
): Judgement {
  if (SAFE.has(method) && !upgrades) return 'safe';
  if (origin !== undefined && trusted.includes(origin.toLowerCase())) return 'own';
  // An upgrade is sent without Sec-Fetch-Site by some browsers, and by others with it.
  if (site !== undefined) return site === 'same-origin' || site === 'none' ? 'own' : 'foreign';
  if (origin === undefined) return 'silent';
  const authority = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1];
  return authority !== undefined && bare(authority) === bare(host) ? 'own' : 'foreign';
}

/** The proxy in front may speak TLS, and on another port: the ports that schemes have by themselves do not count. */
const bare = (authority: string): string => authority.toLowerCase().replace(/:(?:80|443)$/, '');
