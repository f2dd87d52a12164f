/** Whom a request is for, and from where a browser sends it: refuses names that are not this node's, and other sites' pages. */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { refuse } from '../refusal.ts';

/** Fields of which a second one would leave open what is meant. */
const SINGLE = [
  'host',
  'authorization',
  'content-type',
  'if-match',
  'idempotency-key',
  'origin',
  'content-length',
  'cookie',
  'x-moat-csrf',
];

/** @throws {Refusal} 400 */
export function refuseTwins({ rawHeaders }: IncomingMessage): void {
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase();
    if (!SINGLE.includes(name)) continue;
    if (seen.has(name)) throw refuse(400, 'twice', `the field ${name} stands there twice`);
    seen.add(name);
  }
}

/** The host of `HOST` or `HOST:PORT`, brackets taken off; undefined when it is neither. */
function hostOf(authority: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([\da-f:.]+)\]|([a-z\d.-]+))(?::\d{1,5})?$/i.exec(authority) ?? [];
  return bracketed ?? plain?.toLowerCase();
}

/**
 * A page of another site can let its own name point to this node (DNS rebinding): its requests carry that name. A literal address
 * cannot be rebound.
 *
 * @param hosts lower case
 * @throws {Refusal} 421
 */
export function refuseOtherHost({ headers }: IncomingMessage, hosts: readonly string[]): void {
  const host = hostOf(headers.host ?? '');
  if (host !== undefined && (isIP(host) !== 0 || host === 'localhost' || hosts.includes(host))) return;
  throw refuse(
    421,
    'wrong-host',
    'this is not the name of this node: take its address, or name it with host in the api block',
  );
}

/** A browser says where a request comes from: from no page but our own. @throws {Refusal} 403 */
export function refuseOtherOrigin({ headers }: IncomingMessage, isTls: boolean): void {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  const isOwn = origin === undefined || origin === `${isTls ? 'https' : 'http'}://${host}`;
  const isSame = site === undefined || site === 'same-origin' || site === 'none';
  if (!isOwn || !isSame) throw refuse(403, 'cross-origin', 'pages of other sites have no business here');
}
