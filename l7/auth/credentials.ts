/** The name and password of a request (RFC 7617). */
import type { Exchange } from '../exchange.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** @returns null when the request has none that can be read; looked for once a request */
export function credentialsOf(exchange: Exchange): Credentials | null {
  return (exchange.credentials ??= parseCredentials(exchange.head.headers.get('authorization')));
}

const BASIC = /^basic /i;

function parseCredentials(field: string | undefined): Credentials | null {
  if (field === undefined || !BASIC.test(field)) return null;
  const decoded = decodeBase64(field.slice(6).trimStart());
  const colon = decoded.indexOf(':');
  return colon > 0 ? { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) } : null;
}

/** As nginx does it: what follows the first `=` does not count. @returns '' when it is not base64 */
function decodeBase64(text: string): string {
  const end = text.indexOf('=');
  const digits = end === -1 ? text : text.slice(0, end);
  if (!/^[A-Za-z0-9+/]+$/.test(digits) || digits.length % 4 === 1) return '';
  return Buffer.from(digits, 'base64').latin1Slice();
}
