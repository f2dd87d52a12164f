/** Why requests are broken, as far as metrics tell them apart: what is not listed here is counted as `other`. */
export const MALFORMED_REASONS: readonly string[] = [
  'other',
  'a control character in the head',
  'a folded header field (obs-fold)',
  'a header line without colon',
  'an invalid Content-Length',
  'an invalid header name',
  'an unknown Transfer-Encoding',
  'bare CR in chunk size',
  'bare CR in chunk trailer',
  'bare LF in chunk trailer',
  'blank after chunk size',
  'both Content-Length and Transfer-Encoding',
  'broken PROXY protocol header',
  'chunk data longer than its size',
  'duplicate Content-Length',
  'duplicate Transfer-Encoding',
  'duplicate host header',
  'HTTP/1.1 without Host',
  'invalid chunk extension',
  'invalid chunk size',
  'invalid host header',
  'invalid method',
  'invalid protocol version',
  'invalid request line',
  'invalid request target',
  'invalid trailer',
  'no complete request in time',
  'request line without version (HTTP/0.9)',
  'too large chunk',
  'too large header field',
  'too large request head',
  'too large trailer',
  'too long URI',
  'too many header fields',
  'Transfer-Encoding in HTTP/1.0',
  'unsupported protocol version',
];

const NUMBERS = new Map(MALFORMED_REASONS.map((reason, number) => [reason, number]));

/** The place of a reason in the list. */
export const reasonNumber = (reason: string): number => NUMBERS.get(reason) ?? 0;
