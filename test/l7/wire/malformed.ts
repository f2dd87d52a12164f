/** Requests as raw bytes, and what moat answers to each. docs/reference/wire.md tells the same to operators. */

export interface WireCase {
  readonly what: string;
  /** The bytes sent. */
  readonly send: string;
  /** The status of the first answer; 0: the connection closes without one. */
  readonly status: number;
  /** Whether the connection must be closed after it. */
  readonly closes: boolean;
}

const head = (lines: string, start = 'GET / HTTP/1.1') => `${start}\r\n${lines}\r\n`;
const host = 'Host: a\r\n';
const post = (lines: string, body = '') => head(host + lines, 'POST /echo HTTP/1.1') + body;

const refused = (what: string, send: string, status = 400): WireCase => ({
  what,
  send,
  status,
  closes: true,
});
const served = (what: string, send: string, status = 200): WireCase => ({
  what,
  send,
  status,
  closes: false,
});

export const REQUEST_LINES: readonly WireCase[] = [
  served('an ordinary request', head(host)),
  served('bare LF ends lines of the head (RFC 9112 §2.2)', 'GET / HTTP/1.1\nHost: a\n\n'),
  served('empty lines before the request (RFC 9112 §2.2)', `\r\n\r\n${head(host)}`),
  served('absolute-form', head(host, 'GET http://a/x HTTP/1.1')),
  served('HTTP/1.2 counts as 1.1', head(host, 'GET / HTTP/1.2')),
  { what: 'HTTP/1.0 without Host', send: 'GET / HTTP/1.0\r\n\r\n', status: 200, closes: true },
  refused('HTTP/0.9', 'GET /\r\n'),
  refused('HTTP/2.0 in a request line', head(host, 'GET / HTTP/2.0'), 505),
  refused('HTTP/0.9 written out', head(host, 'GET / HTTP/0.9'), 505),
  refused('a version of two digits', head(host, 'GET / HTTP/1.10')),
  refused('a version in lower case', head(host, 'GET / http/1.1')),
  refused('a method in lower case', head(host, 'get / HTTP/1.1')),
  refused('a method with a colon', head(host, 'GE:T / HTTP/1.1')),
  refused('no method', head(host, ' / HTTP/1.1')),
  refused('two blanks before the version', head(host, 'GET /  HTTP/1.1')),
  refused('two blanks after the method', head(host, 'GET  / HTTP/1.1')),
  refused('a tab in place of a blank', head(host, 'GET\t/ HTTP/1.1')),
  refused('a blank in the target', head(host, 'GET /a b HTTP/1.1')),
  refused('a control character in the target', head(host, 'GET /a\x01b HTTP/1.1')),
  refused('DEL in the target', head(host, 'GET /a\x7fb HTTP/1.1')),
  refused('a NUL in the target', head(host, 'GET /a\0b HTTP/1.1')),
  refused('%00 in the path', head(host, 'GET /a%00b HTTP/1.1')),
  refused('a bad escape', head(host, 'GET /a%zz HTTP/1.1')),
  refused('a cut escape', head(host, 'GET /a%4 HTTP/1.1')),
  refused('a path above the root', head(host, 'GET /../x HTTP/1.1')),
  refused('an escaped path above the root', head(host, 'GET /%2e%2e/x HTTP/1.1')),
  refused('a target without a slash', head(host, 'GET x HTTP/1.1')),
  refused('authority-form outside CONNECT', head(host, 'GET a:80 HTTP/1.1')),
  refused('CONNECT', head(host, 'CONNECT a:80 HTTP/1.1'), 405),
  refused('CONNECT, and a request in its tunnel', head(host, 'CONNECT a:80 HTTP/1.1') + head(host), 405),
  refused('CONNECT to a path', head(host, 'CONNECT / HTTP/1.1') + head(host), 405),
  refused('TRACE', head(host, 'TRACE / HTTP/1.1') + head(host), 405),
  refused('a fragment', head(host, 'GET /a#b HTTP/1.1')),
  refused('a fragment in the query', head(host, 'GET /a?b#c HTTP/1.1')),
  refused('a fragment in absolute-form', head(host, 'GET http://a#b HTTP/1.1')),
  refused('bare CR in the request line', 'GET / HTTP/1.1\rHost: a\r\n\r\n'),
  refused('a TLS client', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
  refused('a target above the limit', head(host, `GET /${'a'.repeat(9000)} HTTP/1.1`), 414),
  refused('a target above the limit that never ends', `GET /${'a'.repeat(40_000)}`, 414),
];

export const FIELDS: readonly WireCase[] = [
  served('blanks around a value', head('Host: \t a \t \r\n')),
  served('an empty value', head(`${host}X:\r\n`)),
  served('bytes above 127 in a value', head(`${host}X: \xe4\xff\r\n`)),
  served('an underscore in a name is ignored', head(`${host}x_y: 1\r\n`)),
  served('a dot in a name is ignored', head(`${host}X.Y: 1\r\n`)),
  refused('no Host', head('')),
  refused('two Hosts', head('Host: a\r\nHost: a\r\n')),
  ...[
    'If-Match',
    'If-None-Match',
    'If-Modified-Since',
    'If-Unmodified-Since',
    'If-Range',
    'Content-Range',
  ].map(name => refused(`two fields ${name}`, head(`${host}${name}: a\r\nX: b\r\n${name}: a\r\n`))),
  refused('two fields Authorization', head(`${host}Authorization: a\r\nauthorization: a\r\n`)),
  refused('two fields Expect', head(`${host}Expect: 100-continue\r\nExpect: 100-continue\r\n`)),
  served('fields that may stand twice', head(`${host}Accept: a\r\nAccept: b\r\nCookie: a\r\nCookie: b\r\n`)),
  refused('a Host with a slash', head('Host: a/b\r\n')),
  refused('a Host with a blank', head('Host: a b\r\n')),
  refused('a Host with user information', head('Host: u@a\r\n')),
  refused('a Host that ends with two dots', head('Host: a..\r\n')),
  refused('a Host that ends with two dots before the port', head('Host: a..:80\r\n')),
  refused('a Host of a dot', head('Host: .\r\n')),
  served('a Host with an empty port', head('Host: a:\r\n')),
  refused('a Host with a port above all ports', head('Host: a:65536\r\n')),
  refused('a Host with two ports', head('Host: a:1:2\r\n')),
  refused('obs-fold', head(`${host}X: 1\r\n 2\r\n`)),
  refused('a field that begins with a blank', head(` ${host}`)),
  refused('a blank before the colon', head(`${host}X : 1\r\n`)),
  refused('a tab before the colon', head(`${host}X\t: 1\r\n`)),
  refused('a line without colon', head(`${host}X\r\n`)),
  refused('no name', head(`${host}: 1\r\n`)),
  refused('a NUL in a value', head(`${host}X: a\0b\r\n`)),
  refused('a bare CR in a value', head(`${host}X: a\rb\r\n`)),
  refused('a control character in a value', head(`${host}X: a\x08b\r\n`)),
  refused('a name in brackets', head(`${host}[X]: 1\r\n`)),
  refused('a name with bytes above 127', head(`${host}\xe4: 1\r\n`)),
  refused('one field above the limit', head(`${host}X: ${'a'.repeat(9000)}\r\n`), 431),
  refused('a head above the limit', head(host + `X: ${'a'.repeat(8000)}\r\n`.repeat(6)), 431),
  refused(
    'a head above the limit that never ends',
    `GET / HTTP/1.1\r\n${`X: ${'a'.repeat(8000)}\r\n`.repeat(8)}`,
    431,
  ),
  refused('too many fields', head(host + 'X: 1\r\n'.repeat(1500)), 431),
];

export const FRAMING: readonly WireCase[] = [
  served('a body by length', post('Content-Length: 3\r\n', 'abc')),
  served('a body in chunks', post('Transfer-Encoding: chunked\r\n', '3\r\nabc\r\n0\r\n\r\n')),
  served('chunked in capitals', post('Transfer-Encoding: CHUNKED\r\n', '3\r\nabc\r\n0\r\n\r\n')),
  served('a chunk extension', post('Transfer-Encoding: chunked\r\n', '3;a="b"\r\nabc\r\n0\r\n\r\n')),
  served('two chunk extensions', post('Transfer-Encoding: chunked\r\n', '3;a;b=c\r\nabc\r\n0\r\n\r\n')),
  refused(
    'a chunk extension without a name',
    post('Transfer-Encoding: chunked\r\n', '3;\r\nabc\r\n0\r\n\r\n'),
  ),
  refused(
    'a bracket in a chunk extension',
    post('Transfer-Encoding: chunked\r\n', '3;a[=b\r\nabc\r\n0\r\n\r\n'),
  ),
  refused(
    'a quote that is not closed in a chunk extension',
    post('Transfer-Encoding: chunked\r\n', '3;a="b\r\nabc\r\n0\r\n\r\n'),
  ),
  served('a body that waits for no 100', post('Expect: 100-continue\r\nContent-Length: 3\r\n', 'abc')),
  served('a trailer', post('Transfer-Encoding: chunked\r\n', '3\r\nabc\r\n0\r\nX: 1\r\n\r\n')),
  served('leading zeros in a chunk size', post('Transfer-Encoding: chunked\r\n', '0003\r\nabc\r\n0\r\n\r\n')),
  refused(
    'both lengths',
    post('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '3\r\nabc\r\n0\r\n\r\n'),
  ),
  refused('two equal lengths', post('Content-Length: 3\r\nContent-Length: 3\r\n', 'abc')),
  refused('two different lengths', post('Content-Length: 3\r\nContent-Length: 4\r\n', 'abc')),
  refused('a list of lengths', post('Content-Length: 3, 3\r\n', 'abc')),
  refused('a negative length', post('Content-Length: -3\r\n', 'abc')),
  refused('a length with a sign', post('Content-Length: +3\r\n', 'abc')),
  refused('a hexadecimal length', post('Content-Length: 0x3\r\n', 'abc')),
  refused('an empty length', post('Content-Length: \r\n', 'abc')),
  refused('a length above all numbers', post(`Content-Length: ${'9'.repeat(30)}\r\n`)),
  refused('an unknown coding', post('Transfer-Encoding: gzip\r\n'), 501),
  refused('chunked after another coding', post('Transfer-Encoding: gzip, chunked\r\n'), 501),
  refused('chunked twice', post('Transfer-Encoding: chunked, chunked\r\n')),
  refused(
    'two Transfer-Encoding lines',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n'),
  ),
  refused('chunked before another coding', post('Transfer-Encoding: chunked, gzip\r\n')),
  refused('identity', post('Transfer-Encoding: identity\r\n'), 501),
  refused('a vertical tab before chunked', post('Transfer-Encoding: \x0bchunked\r\n')),
  refused('chunked in HTTP/1.0', head(`${host}Transfer-Encoding: chunked\r\n`, 'POST /echo HTTP/1.0')),
  refused('a chunk size that is no number', post('Transfer-Encoding: chunked\r\n', 'xyz\r\n')),
  refused('a chunk size with 0x', post('Transfer-Encoding: chunked\r\n', '0x3\r\nabc\r\n0\r\n\r\n')),
  refused('a chunk size with a sign', post('Transfer-Encoding: chunked\r\n', '+3\r\nabc\r\n0\r\n\r\n')),
  refused('a blank after a chunk size', post('Transfer-Encoding: chunked\r\n', '3 \r\nabc\r\n0\r\n\r\n')),
  refused('a chunk size above all numbers', post('Transfer-Encoding: chunked\r\n', `${'f'.repeat(17)}\r\n`)),
  refused('bare LF after a chunk size', post('Transfer-Encoding: chunked\r\n', '3\nabc\r\n0\r\n\r\n')),
  refused('bare CR after a chunk size', post('Transfer-Encoding: chunked\r\n', '3\rabc\r\n0\r\n\r\n')),
  refused('a chunk longer than its size', post('Transfer-Encoding: chunked\r\n', '3\r\nabcd\r\n0\r\n\r\n')),
  refused('bare LF after a chunk', post('Transfer-Encoding: chunked\r\n', '3\r\nabc\n0\r\n\r\n')),
  refused('bare LF at the end of the trailer', post('Transfer-Encoding: chunked\r\n', '3\r\nabc\r\n0\r\n\n')),
  refused('bare LF in a chunk extension', post('Transfer-Encoding: chunked\r\n', '3;a\nabc\r\n0\r\n\r\n')),
  refused('a body above client_max_body_size', post('Content-Length: 2000000\r\n'), 413),
  refused(
    'chunks above client_max_body_size',
    post('Transfer-Encoding: chunked\r\n', `200000\r\n${'a'.repeat(0x200000)}\r\n`),
    413,
  ),
];
