/** error_page and the answers that moat makes itself, beside nginx. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { response, startUpstream } from '../../e2e/upstream.ts';
import { Wire } from '../../e2e/wire.ts';
import { type Ask, besideNginx } from '../beside-nginx.ts';

const gets = (targets: string): Ask[] =>
  targets
    .trim()
    .split(/\s+/)
    .map(target => [`GET ${target}`]);

const FILES = {
  'site/404.html': 'page for 404\n',
  'site/50x.html': 'page for 50x\n',
  'site/a%20b.html': 'a name with an escape\n',
  'site/own.json': '{}',
  'site/dir/index.html': 'index of dir\n',
};

test('error_page: a URI, a status, a name, a URL', async () => {
  await using pair = await besideNginx({
    files: FILES,
    http: `server { listen {port}; root {root}/site; add_header X-Usual u; add_header X-Always $uri always;
      location /plain/ { error_page 404 /404.html; }
      location /to200/ { error_page 404 =200 /404.html; }
      location /to503/ { error_page 404 403 =503 /404.html; return 403; }
      location /own/ { error_page 404 = /404.html; }
      location /zero/ { error_page 404 =0 /404.html; }
      location /argued/ { error_page 404 /own.json?from=$uri&x; }
      location /fixed/ { error_page 404 /tell?a=b; }
      location /missing/ { error_page 404 /nothing/at/all; }
      location /missing500/ { error_page 500 /nothing/at/all; return 500; }
      location /missing=/ { error_page 500 = /nothing/at/all; return 500; }
      location /folder/ { error_page 404 /dir/; }
      location /noslash/ { error_page 404 /dir; }
      location /escaped/ { error_page 404 /a%20b.html; }
      location /named/ { error_page 404 @named; }
      location /named200/ { error_page 404 =200 @named; }
      location /named=/ { error_page 404 = @named; }
      location /named=status/ { error_page 404 = @teapot; }
      location /named404status/ { error_page 404 @teapot; }
      location /namedplain/ { error_page 404 @plain; }
      location /lost/ { error_page 404 @lost; }
      location /url/ { error_page 404 http://other.org/$uri; }
      location /url301/ { error_page 404 =301 http://other.org/; }
      location /url307/ { error_page 404 =307 http://other.org/; }
      location /url200/ { error_page 404 =200 http://other.org/; }
      location /url=/ { error_page 404 = http://other.org/; }
      location /urlstatus/ { error_page 404 http://other.org/$status; }
      location /urlstatus302/ { error_page 404 =302 http://other.org/$status; }
      location /redirected/ { error_page 301 http://other.org/; return 301 /elsewhere; }
      location /redirected308/ { error_page 301 =308 http://other.org/; return 301 /elsewhere; }
      location /uristatus/ { error_page 404 /tell?$status; }
      location /relative/ { error_page 404 relative.html; }
      location /redirect/ { error_page 301 302 /404.html; return 301 /elsewhere; }
      location /redirect200/ { error_page 302 =200 /404.html; return 302 /elsewhere; }
      location /first/ { error_page 404 /404.html; error_page 404 /50x.html; }
      location /nonstandard/ { error_page 418 /404.html; return 418; }
      location /text/ { error_page 404 /404.html; return 404 "a text"; }
      location /internal/ { internal; error_page 404 /50x.html; }
      location /tell { return 200 "$uri?$args $request_method $status"; }
      location /status/ { error_page 404 /told; }
      location = /told { return 200 "$status $uri $request_uri"; }
      location @named { return 200 "named $uri $args $request_method"; }
      location @teapot { return 418 "short"; }
      location @plain { return 410; }
    }`,
  });
  const targets = `/plain/x /to200/x /to503/x /own/x /zero/x /argued/x?y /fixed/x /missing/x /missing500/x /missing=/x
    /folder/x /noslash/x /escaped/x /named/x?y /named200/x /named=/x /named=status/x /named404status/x /namedplain/x
    /lost/x /url/x /url301/x /url307/x /url200/x /url=/x /urlstatus/x /urlstatus302/x /uristatus/x /redirected/x /redirected308/x /relative/x /redirect/x /redirect200/x /first/x
    /nonstandard/x /text/x /internal/x /status/x`;
  await pair.compare(gets(targets));
  pair.compareLogs();
  await pair.compare(gets(targets).map(([line]) => [line.replace('GET', 'HEAD')]));
  await pair.compare(gets(targets).map(([line]) => [line.replace('GET', 'POST'), '>a body']));
  await pair.compare(gets(targets).map(([line]) => [line.replace('GET', 'DELETE')]));
});

test('error_page: of pages that fail themselves, once and recursively', async () => {
  await using pair = await besideNginx({
    files: FILES,
    http: `server { listen {port}; root {root}/site; error_page 404 /404.html; error_page 403 /closed; error_page 500 /50x.html;
      location = /closed { return 404; }
      location /once { return 403; }
      location /deep { recursive_error_pages on; return 403; }
      location /chain { recursive_error_pages on; error_page 404 = @one; }
      location @one { recursive_error_pages on; error_page 410 = @two; return 410; }
      location @two { recursive_error_pages on; error_page 418 =202 @three; return 418; }
      location @three { return 200 three; }
      location /half { recursive_error_pages on; error_page 404 = @half; }
      location @half { error_page 410 = @two; return 410; }
      location /cycle { recursive_error_pages on; error_page 404 /cycle; }
      location /lost { recursive_error_pages on; error_page 404 500 @lost; }
      location /cycle2 { recursive_error_pages on; error_page 404 @cycle2; }
      location @cycle2 { recursive_error_pages on; error_page 403 @cycle2; return 403; }
      location /inner { recursive_error_pages on; error_page 404 /inner2; location /inner2 { error_page 404 =402 @three; } }
      location /flag { error_page 404 /flag2; }
      location /flag2 { recursive_error_pages on; error_page 404 =200 @three; }
    }`,
  });
  await pair.compare(gets('/once /deep /chain /half /cycle /cycle2 /lost /inner /inner2 /flag /flag2 /none'));
  await pair.compare([['POST /chain', '>x'], ['HEAD /chain'], ['POST /dir/index.html', '>x']]);
  pair.compareLogs();
});

test('error_page: proxied pages and failures of servers', async () => {
  await using upstream = await startUpstream(({ method, target, body }) =>
    target.startsWith('/fail')
      ? response(503, 'from the server', ['X-From: server'])
      : target.startsWith('/auth')
        ? response(401, 'who?', ['WWW-Authenticate: Basic realm="up"'])
        : response(200, `${method} ${target} [${body}]`, ['Content-Type: text/x-up']),
  );
  await using pair = await besideNginx({
    files: FILES,
    upstream: upstream.port,
    http: `server { listen {port}; root {root}/site; error_page 502 504 /50x.html;
      location /page/ { error_page 404 @up; }
      location /page200/ { error_page 404 =200 @up; }
      location /page=/ { error_page 404 = /up/page?x=1; }
      location @up { proxy_pass http://{upstream}; proxy_set_header Connection ""; proxy_http_version 1.1; }
      location /up/ { proxy_pass http://{upstream}/; proxy_set_header Connection ""; proxy_http_version 1.1; }
      location /down/ { proxy_pass http://127.0.0.1:1; }
      location /down200/ { proxy_pass http://127.0.0.1:1; error_page 502 =200 /own.json; }
      location /fallback/ { proxy_pass http://127.0.0.1:1; error_page 502 = @up; }
      location /fallback2/ { proxy_pass http://127.0.0.1:1; error_page 502 = /up/again; }
      location /fail/ { proxy_pass http://{upstream}; }
      location /failed/ { proxy_pass http://{upstream}/fail/; proxy_intercept_errors on; error_page 503 =500 /50x.html; }
      location /other/ { proxy_pass http://{upstream}/fail/; proxy_intercept_errors on; error_page 404 /404.html; }
      location /auth/ { proxy_pass http://{upstream}; proxy_intercept_errors on; error_page 401 /own.json; }
    }`,
  });
  await pair.compare(
    gets('/page/x?y /page200/x /page=/x /up/x /down/x /down200/x /fail/x /failed/x /other/x /auth/x'),
  );
  await pair.compare([
    ['POST /page/x', '>a body'],
    ['POST /page=/x', '>a body'],
    ['POST /fallback/x', '>a body'],
    ['POST /fallback/x', 'Transfer-Encoding: chunked', '>6\r\na body\r\n0\r\n\r\n'],
    ['POST /fallback2/x', '>a body'],
    ['HEAD /page/x'],
    ['HEAD /failed/x'],
    ['POST /down/x', '>a body'],
  ]);
});

test('error_page: of requests that are refused before a location is known', async () => {
  await using pair = await besideNginx({
    files: { ...FILES, 'site/400.html': 'page for 400\n', 'site/414.html': 'too long\n' },
    http: `large_client_header_buffers 2 1k; client_max_body_size 5;
      server { listen {port} default_server; root {root}/site; error_page 400 /400.html; error_page 414 /414.html;
        error_page 413 =413 /own.json; error_page 494 =200 /400.html; error_page 405 /404.html; error_page 501 505 /50x.html; }
      server { listen {port}; server_name other.org; }`,
  });
  // Bytes as they are: no client would send them.
  const requests = [
    'GET /\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    `GET /${'x'.repeat(2000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(2000)}\r\n\r\n`,
    'GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /../x HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET / HTTP/3.0\r\nHost: a\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n123456',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n',
    'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n',
    'TRACE / HTTP/1.1\r\nHost: a\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: other.org\r\nContent-Length: 6\r\n\r\n123456',
    'GET / HTTP/1.1\r\nHost: other.org\r\nX y\r\n\r\n',
  ];
  const told: (readonly [number, string])[] = [];
  for (const bytes of requests) {
    using wire = await Wire.dial(pair.port.moat);
    const { status, body } = await wire.send(bytes).reply();
    told.push([status, /<title>.*<\/title>/.exec(body)?.[0] ?? body]);
  }
  assert.deepEqual(told, [
    [400, 'page for 400\n'],
    [400, 'page for 400\n'],
    [400, 'page for 400\n'],
    [400, 'page for 400\n'],
    [414, 'too long\n'],
    [200, 'page for 400\n'],
    [400, 'page for 400\n'],
    [400, 'page for 400\n'],
    [505, 'page for 50x\n'],
    [413, '{}'],
    [501, 'page for 50x\n'],
    [405, 'page for 404\n'],
    [405, 'page for 404\n'],
    [413, '<title>413 Content Too Large</title>'],
    [400, 'page for 400\n'],
  ]);
});

test('error_page: a body that was too large, broken or half sent does not go on to the page', async () => {
  await using pair = await besideNginx({
    files: FILES,
    http: `lingering_timeout 1s;
      server { listen {port}; root {root}/site; error_page 400 413 502 /seen;
      location /strict { client_max_body_size 1; proxy_pass http://{port}/closes/; }
      location /direct { proxy_request_buffering off; proxy_http_version 1.1; proxy_pass http://{port}/closes/; }
      location /closes/ { return 444; }
      location /seen { proxy_pass http://{port}/echo; proxy_set_header X-Length "[$content_length]"; }
      location /echo { return 200 "$request_method [$http_content_length] $http_x_length"; } }`,
  });
  const requests = [
    'POST /strict HTTP/1.0\r\nContent-Length: 10\r\n\r\n0123456789',
    'POST /strict HTTP/1.0\r\nContent-Length: 10000\r\n\r\n0123456789',
    'POST /strict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n',
    'POST /strict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n0123456789',
    'POST /strict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nX\r\nX\r\n',
    'POST /direct HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nX\r\nX\r\n',
    'POST /direct HTTP/1.0\r\nContent-Length: 10000\r\n\r\n0123456789',
    'POST /direct HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n0123456789',
  ];
  const told: (readonly [number, string])[] = [];
  for (const bytes of requests) {
    using wire = await Wire.dial(pair.port.moat);
    const { status, body } = await wire.send(bytes).reply();
    told.push([status, body]);
  }
  const page = 'GET [] []';
  assert.deepEqual(told, [...[413, 413, 413, 413, 400, 400, 502, 502].map(status => [status, page])]);
});

test('X-Accel-Redirect: the type stays with files and texts but not with pages of moat, cookies add up', async () => {
  await using upstream = await startUpstream(({ target }) =>
    response(200, 'not this', [
      `X-Accel-Redirect: ${target.replace('/@', '@')}`,
      'Content-Type: text/up',
      'Set-Cookie: up=1',
      'X-Accel-Limit-Rate: 12345', // holds though it stands below
      'X-Lost: 1',
    ]),
  );
  await using pair = await besideNginx({
    files: FILES,
    upstream: upstream.port,
    http: `server { listen {port}; root {root}/site;
      location /go/ { proxy_pass http://{upstream}/; }
      location /closed { return 403; }
      location /text { return 200 "a text, $limit_rate"; }
      location /told { add_header Set-Cookie told=1; return 200 "a text"; }
      location /twice { proxy_pass http://{upstream}/text; }
      location /served { proxy_pass http://{port}/typed; }
      location /typed { default_type text/own; return 200 "a text"; }
      location /untyped { proxy_pass http://{port}/bare; }
      location /bare { default_type ''; return 200 "a text"; }
      location @named { limit_except GET { deny all; } return 200 "$request_method"; }
    }`,
  });
  await pair.compare(
    gets('/go/404.html /go/none /go/closed /go/text /go/told /go/twice /go/served /go/untyped'),
  );
  for (const path of ['/go/@named', '/go/text'])
    await pair.compare([[`GET ${path}`], [`HEAD ${path}`], [`PUT ${path}`, '>a'], [`DELETE ${path}`]]);
});

test('error_page: a named location heeds the method and bounds the body', async () => {
  await using upstream = await startUpstream(({ body }) => response(200, `[${body}]`));
  await using pair = await besideNginx({
    upstream: upstream.port,
    files: FILES,
    http: `server { listen {port}; root {root}/site; error_page 404 = @named;
      location /small/ { error_page 404 = @small; return 404; }
      location @small { client_max_body_size 5; proxy_http_version 1.1; proxy_pass http://{upstream}; }
      location @named { limit_except GET { deny all; } return 200 "named $request_method"; } }`,
  });
  const chunks = (body: string) =>
    ['Transfer-Encoding: chunked', `>${body.length}\r\n${body}\r\n0\r\n\r\n`] as const;
  await pair.compare([
    ['GET /none'],
    ['HEAD /none'],
    ['POST /none', '>a'],
    ['DELETE /none'],
    ['POST /small/x', ...chunks('12345')],
    ['POST /small/x', ...chunks('123456')],
  ]);
});
