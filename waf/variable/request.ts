/** Variables of the request's head. */
import { fixed, many, names, one } from './define.ts';
import type { Variable } from './variable.ts';

export const REQUEST_VARIABLES: readonly Variable[] = fixed([
  one('REQUEST_METHOD', 'The method as sent.', t => t.request.head.method),
  one('REQUEST_PROTOCOL', 'The protocol with its version, as in HTTP/1.1.', t => t.request.head.protocol),
  one('REQUEST_LINE', 'Method, target and protocol.', t => t.request.line),
  one('REQUEST_URI_RAW', 'The target as sent, also with scheme and host.', t => t.request.head.target),
  one('REQUEST_URI', 'Path and query, without scheme and host, percent-encoded as sent.', t => t.request.uri),
  one('REQUEST_FILENAME', 'The path without the query, percent-decoded.', t => t.request.filename),
  one('PATH_INFO', 'The path without the query, percent-decoded.', t => t.request.filename),
  one('REQUEST_BASENAME', 'The last segment of the path.', t => t.request.basename),
  one('QUERY_STRING', 'What follows the ?, as sent.', t => t.request.query ?? ''),
  many('REQUEST_HEADERS', 'Values of headers by name.', t => t.request.headers),
  names('REQUEST_HEADERS_NAMES', 'Names of headers.', t => t.request.headers),
  many('REQUEST_COOKIES', 'Values of cookies by name.', t => t.request.cookies),
  names('REQUEST_COOKIES_NAMES', 'Names of cookies.', t => t.request.cookies),
  one(
    'AUTH_TYPE',
    'The scheme of the Authorization header.',
    t => t.request.header('authorization')?.split(' ')[0],
  ),
  one('REMOTE_USER', 'The user of Basic authentication.', t => basicUser(t.request.header('authorization'))),
]);

function basicUser(authorization: string | undefined): string | undefined {
  const credentials = /^basic +([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '')?.[1];
  return credentials === undefined
    ? undefined
    : Buffer.from(credentials, 'base64').toString('latin1').split(':')[0];
}
