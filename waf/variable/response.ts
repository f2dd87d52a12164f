/** Variables of the response. */
import { flag, many, one } from './define.ts';
import { namesOf, type Variable } from './variable.ts';

export const RESPONSE_VARIABLES: readonly Variable[] = [
  one('RESPONSE_STATUS', 'The status, as in 404.', t => t.response && String(t.response.head.status)),
  one('RESPONSE_PROTOCOL', 'The protocol of the response.', t => t.response?.head.protocol),
  one(
    'STATUS_LINE',
    'Protocol and status.',
    t => t.response && `${t.response.head.protocol} ${t.response.head.status}`,
  ),
  many('RESPONSE_HEADERS', 'Values of headers by name.', t => t.response?.headers ?? []),
  many('RESPONSE_HEADERS_NAMES', 'Names of headers.', t => namesOf(t.response?.headers ?? [])),
  one('RESPONSE_CONTENT_TYPE', 'The media type without parameters.', t => t.response?.contentType),
  one('RESPONSE_CONTENT_LENGTH', 'Bytes of the body.', t => t.response && String(t.response.body.length)),
  one(
    'RESPONSE_BODY',
    'The body, where SecResponseBodyAccess and its type let it be read.',
    t => t.response?.body,
  ),
  one('OUTBOUND_DATA_ERROR', '1 when the body exceeded its limit and the rest was not inspected.', t =>
    flag(t.responseBodyExceeded),
  ),
];
