/** The cookie of a session: for this host alone, no script, and no page of another site (RFC 6265bis, 4.1.3.2). */
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';

/** Cookies know no ports: two programs on one host would take each other's. */
const nameOf = ({ socket }: IncomingMessage): string =>
  `${isTls(socket as TLSSocket) ? '__Host-' : ''}moat-${socket.localPort}`;

const isTls = ({ encrypted }: TLSSocket): boolean => encrypted === true;

/** Undefined where there is none, or more than one: which one counts would be anybody's guess. */
export function cookieIn(request: IncomingMessage): string | undefined {
  const start = `${nameOf(request)}=`;
  const found = (request.headers.cookie ?? '').split('; ').filter(one => one.startsWith(start));
  return found.length === 1 ? found[0]!.slice(start.length) : undefined;
}

/** @param value null: it is taken away */
export function cookieField(request: IncomingMessage, value: string | null): string {
  const secure = isTls(request.socket as TLSSocket) ? '; Secure' : '';
  const end = value === null ? '; Max-Age=0' : '';
  return `${nameOf(request)}=${value ?? ''}; Path=/; HttpOnly; SameSite=Strict${secure}${end}`;
}
