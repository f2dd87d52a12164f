/** The cookie of a session: for this host alone, no script, and no page of another site (RFC 6265bis, 4.1.3.2). */
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';

/** Cookies know no ports: two programs on one host would take each other's. */
const nameOf = ({ socket }: IncomingMessage): string =>
  `${isTls(socket as TLSSocket) ? '__Host-' : ''}moat-${socket.localPort}`;

const isTls = ({ encrypted }: TLSSocket): boolean => encrypted === true;

/** Of a login by a provider: which browser has begun it. */
const TICKET = '-oidc';
const TICKET_S = 600;

export const ticketIn = (request: IncomingMessage): string | undefined => cookieIn(request, TICKET);

/** @param value null: it is taken away */
export const ticketField = (request: IncomingMessage, value: string | null): string =>
  fieldOf(request, TICKET, value, value === null ? 0 : TICKET_S);

/** Undefined where there is none, or more than one: which one counts would be anybody's guess. */
export function cookieIn(request: IncomingMessage, kind: '' | typeof TICKET = ''): string | undefined {
  const start = `${nameOf(request)}${kind}=`;
  const found = (request.headers.cookie ?? '').split('; ').filter(one => one.startsWith(start));
  return found.length === 1 ? found[0]!.slice(start.length) : undefined;
}

/** @param value null: it is taken away */
export const cookieField = (request: IncomingMessage, value: string | null): string =>
  fieldOf(request, '', value, value === null ? 0 : undefined);

function fieldOf(
  request: IncomingMessage,
  kind: '' | typeof TICKET,
  value: string | null,
  lengthS: number | undefined,
): string {
  const secure = isTls(request.socket as TLSSocket) ? '; Secure' : '';
  const end = lengthS === undefined ? '' : `; Max-Age=${lengthS}`;
  return `${nameOf(request)}${kind}=${value ?? ''}; Path=/; HttpOnly; SameSite=Strict${secure}${end}`;
}
