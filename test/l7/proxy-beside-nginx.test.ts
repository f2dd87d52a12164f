/** The proxy module beside Debian's nginx: what servers are asked, and what becomes of their answers. */
import { after, before, test } from 'node:test';
import { response, startUpstream, type Upstream } from '../e2e/upstream.ts';
import { type Ask, besideNginx, type Pair } from './beside-nginx.ts';

/** `/h`, with a status behind it or not, answers with the fields in its query; all else with the request as it came. */
function answer({ target, raw, method }: { target: string; raw: string; method: string }): string {
  const [path = '', query = ''] = target.split('?');
  const asked = /\/h(\d*)$/.exec(path);
  if (!asked) return response(200, raw);
  const status = Number(asked[1] || 200);
  const lines = query.split('&').filter(Boolean).map(decodeURIComponent);
  const bodiless = status === 204 || status === 304;
  if (!bodiless) lines.push('Content-Length: 4');
  const head = [`HTTP/1.1 ${status} Fine`, ...lines, '', ''].join('\r\n');
  return bodiless || method === 'HEAD' ? head : `${head}body`;
}

let upstream: Upstream;
let pair: Pair;

before(async () => {
  upstream = await startUpstream(answer);
  const at = 'http://{upstream}';
  pair = await besideNginx({
    upstream: upstream.port,
    files: { 'f/x.txt': 'file' },
    http: `proxy_http_version 1.1; proxy_set_header Connection ""; upstream u { server {upstream}; }
      server { listen {port}; server_name site.test; root {root};
        location / { proxy_pass ${at}; }
        location /a/ { proxy_pass ${at}/b/; proxy_redirect default; }
        location /u/ { proxy_pass http://u/v/; }
        location = /eq { proxy_pass ${at}/equal; }
        location /noslash { proxy_pass ${at}/ns; }
        location ~ ^/rx/(.*)$ { proxy_pass ${at}/r/$1?q=$args; }
        location /var/ { proxy_pass ${at}$request_uri; }
        location /decoded/ { proxy_pass ${at}$uri$is_args$args; }
        location /rw/ { rewrite ^/rw/(.*)$ /new/$1?k=1 break; proxy_pass ${at}; }
        location /rwu/ { rewrite ^/rwu/(.*)$ /new/$1 break; proxy_pass ${at}/ignored/; }
        location /if/ { if ($arg_x) { proxy_pass ${at}; } proxy_pass ${at}/else/; }
        location /limited/ { limit_except GET { proxy_pass ${at}; } proxy_pass ${at}/get/; }
        location /method/ { proxy_pass ${at}/; proxy_method PUT; proxy_set_body "b=$arg_b"; }
        location /set/ { proxy_pass ${at}/; proxy_set_header Host $http_host; proxy_set_header Connection "";
          proxy_set_header X-E ""; proxy_set_header X-L a; proxy_set_header X-l b; }
        location /nofields/ { proxy_pass ${at}/; proxy_pass_request_headers off; proxy_set_header Connection ""; }
        location /nobody/ { proxy_pass ${at}/; proxy_pass_request_body off; proxy_set_header Connection ""; proxy_set_header Content-Length ""; }
        location /off/ { proxy_pass ${at}/; proxy_redirect off; }
        location /prefix/ { proxy_pass ${at}/; proxy_redirect http://in.test/ /out/;
          proxy_redirect http://$http_x_h/ http://$host:8/; proxy_redirect / /root/; }
        location /regex/ { proxy_pass ${at}/; proxy_redirect ~^http://([^:]+):\\d+(/.+)$ http://$1$2; proxy_redirect ~*/USER/(.*)$ /u/$1; }
        location /cookie/ { proxy_pass ${at}/; proxy_cookie_domain in.test out.test; proxy_cookie_domain ~\\.(\\w+)\\.loc$ $1.org;
          proxy_cookie_path /x/ /y/; proxy_cookie_path ~*^/U/([^/]+) /$1; }
        location /flags/ { proxy_pass ${at}/; proxy_cookie_flags one secure samesite=strict; proxy_cookie_flags ~^t httponly nosecure; }
        location /named/ { proxy_pass ${at}/; proxy_cookie_domain $http_x_h site.test; proxy_cookie_path off; }
        location /hide/ { proxy_pass ${at}/; proxy_hide_header X-Secret; proxy_hide_header Set-Cookie; proxy_pass_header X-Pad;
          proxy_pass_header X-Accel-Buffering; proxy_ignore_headers X-Accel-Redirect Set-Cookie; }
        location /direct/ { proxy_pass ${at}/; proxy_buffering off; }
        location /vars/ { proxy_pass ${at}/;
          add_header X-V "$proxy_host|$proxy_port|$upstream_addr|$upstream_status|$upstream_http_x_a|$upstream_cookie_c" always; }
        location /caught/ { proxy_pass ${at}/; proxy_intercept_errors on; error_page 404 /f/x.txt; error_page 302 =200 /f/x.txt;
          error_page 500 503 = @n; error_page 401 =402 /f/x.txt; }
        location @n { return 210 "named $uri $upstream_status $upstream_http_x_a"; }
        location /f/ { internal; }
        location /got/ { internal; return 200 "got $uri $args $request_method $upstream_status"; }
        location /ranges/ { proxy_pass ${at}/; proxy_force_ranges on; } }`,
  });
});
after(async () => {
  await pair[Symbol.asyncDispose]();
  await upstream.stop();
});

/** Asks for an answer with these fields. */
const answered = (path: string, fields: readonly string[], method = 'GET'): string =>
  `${method} ${path}?${fields.map(encodeURIComponent).join('&')}`;

test('proxy beside nginx: the request that goes on', async () => {
  const targets = [
    '/a/%41%2f%3f%20x//y/../z?q=1',
    ...['/a/', '/a/x', '/a/%E4', '/a/~!*()', '/a/%7e', '/a/x;y=1', '/a/?', '/a/./b', '/a//b', '//', '/?'],
    ...['/u/..%2fx', '/u/a%25b', '/u/a+b&c=d;e', '/noslash', '/noslash/x', '/noslashx', '/eq', '/eq?z'],
    ...['/rx/a%20b?c=d', '/rx/a%3fb', '/var/a%20b//c?x=%20', '/decoded/a%20b//c?x=%20'],
    ...['/rw/a%20b?z=2', '/rwu/a%20b%3F', '/if/a?x=1', '/if/a', '/limited/a', '/method/a?b=%20x'],
    ...['/nofields/a', '/set/a', '/vars/a', '/nobody/a'],
  ];
  const fields = [
    'X-E: e',
    'X-L: l',
    'Cookie: a=b',
    'Cookie: c=d',
    'TE: trailers',
    'Keep-Alive: 5',
    'X_Y: 1',
    'Range: bytes=0-1',
  ];
  await pair.compare(
    targets.flatMap(target => [
      [`GET ${target}`],
      [`POST ${target}`, ...fields],
      [`DELETE ${target}`, '>body'],
    ]) satisfies Ask[],
  );
});

test('proxy beside nginx: Location and Refresh', async () => {
  const own = `127.0.0.1:${upstream.port}`;
  const urls = [
    ...[
      `http://${own}/b/x`,
      `http://${own}/`,
      `http://${own}/bx`,
      `HTTP://${own}/b/x`,
      '/b/x',
      '/x',
      'rel/ative',
      '',
    ],
    ...[
      'http://in.test/z?q',
      'https://in.test/z',
      'HTTP://IN.test/z',
      'http://h.test:81/p',
      '/user/42',
      'http://u/v/w',
    ],
  ];
  const refreshes = [
    '0;url=http://in.test/',
    '0; URL="http://in.test/a"',
    '3',
    'url=/x',
    '0;  url = /x',
    '0;url=',
  ];
  const asks = ['/a', '/off', '/prefix', '/regex', '/u'].flatMap(path => [
    ...urls.flatMap(url => [
      answered(`${path}/h302`, [`Location: ${url}`]),
      answered(`${path}/h201`, [`Location: ${url}`]),
      answered(`${path}/h`, [`Refresh: 5; url=${url}`]),
    ]),
    ...refreshes.map(refresh => answered(`${path}/h`, [`Refresh: ${refresh}`])),
  ]);
  await pair.compare(asks.map(ask => [ask, 'X-H: h.test:81'] as const));
});

test('proxy beside nginx: cookies', async () => {
  const cookies = [
    ...[
      'a=b; Domain=in.test; Path=/x/1',
      'a=b; domain=.IN.test; path=/u/k/z',
      'a=b; Domain=q.w.loc',
      'a=b; Path=/',
      'a=b',
    ],
    ...[
      'a=b; Domain=; Path=',
      'one=1',
      'one=1; Secure; SameSite=Lax',
      'two=2; secure',
      'two=2; HttpOnly; secure',
      'One=1',
    ],
    ...[
      'three=3; samesite=none; Secure; Path=/x/',
      'a=b; Domain=in.test; Domain=in.test',
      'one',
      '=x',
      'a=b; Domain=h.test',
    ],
  ];
  await pair.compare([
    ...['/cookie', '/flags', '/named', ''].flatMap(path =>
      cookies.map(cookie => [answered(`${path}/h`, [`Set-Cookie: ${cookie}`]), 'X-H: h.test'] as const),
    ),
    [
      answered('/cookie/h', [
        'Set-Cookie: one=1; Domain=in.test',
        'Set-Cookie: two=2; Path=/x/z',
        'Set-Cookie: 3=3',
      ]),
    ],
  ]);
});

test('proxy beside nginx: fields of answers that are hidden, passed, obeyed', async () => {
  const fields = [
    ...[
      'X-Secret: s',
      'Set-Cookie: a=b',
      'X-Pad: p',
      'X-Accel-Buffering: no',
      'X-Accel-Redirect: /got/1',
      'X-Accel-Expires: 5',
    ],
    ...[
      'X-Accel-Limit-Rate: 0',
      'X-Accel-Charset: utf-8',
      'Date: now',
      'Server: x',
      'Connection: X-Foo',
      'Keep-Alive: timeout=5',
    ],
    ...[
      'Proxy-Authenticate: Basic',
      'WWW-Authenticate: Basic',
      'Vary: A',
      'Cache-Control: a',
      'ETag: "x"',
      'ETag: x',
    ],
    ...[
      'Last-Modified: Sun, 05 May 2024 10:20:30 GMT',
      'Last-Modified: bad',
      'Expires: bad',
      'Content-Type: text/html; charset=x',
    ],
    ...[
      'Content-Encoding: gzip',
      'Accept-Ranges: bytes',
      'Content-Range: bytes 0-3/9',
      'X-Empty:',
      'Link: a',
      'Status: 404',
    ],
    ...['X_Under: 1', 'X.Dot: 1', 'Age: 5', 'Location: /l'],
  ];
  await pair.compare(
    fields.flatMap(field => ['', '/hide', '/direct'].map(path => [answered(`${path}/h`, [field])] as const)),
  );
});

test('proxy beside nginx: statuses, as they are and caught', async () => {
  const statuses = [
    200, 201, 204, 206, 299, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 410, 416, 429, 451,
  ];
  const faults = [500, 501, 502, 503, 504, 599, 600, 999];
  const fields = ['X-A: 1', 'Content-Type: text/x', 'WWW-Authenticate: Basic realm=x', 'Set-Cookie: c=5'];
  await pair.compare(
    [...statuses, ...faults].flatMap(status =>
      ['', '/caught', '/vars', '/direct'].map(path => [answered(`${path}/h${status}`, fields)] as const),
    ),
  );
});

test('proxy beside nginx: X-Accel-Redirect', async () => {
  const targets = [
    ...[
      '/got/1',
      '/got/1?a=b',
      '/got/%20x',
      'got/1',
      '@n',
      '@none',
      '/f/x.txt',
      '/f/none',
      'http://x/',
      '//got/1',
    ],
    ...['/got/../f/x.txt', '/got/%2e%2e/x', '/got/1#f', ''],
  ];
  const also = ['Content-Type: a/b', 'ETag: "q"', 'X-A: 1', 'Set-Cookie: z=1', 'Expires: never'];
  await pair.compare(
    targets.flatMap(target =>
      ['GET', 'POST', 'HEAD'].map(
        method => [answered('/h', [`X-Accel-Redirect: ${target}`, ...also], method)] as const,
      ),
    ),
  );
});

test('proxy beside nginx: ranges and conditions', async () => {
  const whole = ['ETag: "x"', 'Content-Type: text/plain', 'Last-Modified: Sun, 05 May 2024 10:20:30 GMT'];
  const ranges = ['bytes=1-2', 'bytes=-1', 'bytes=9-', 'bytes=0-1,3-3'];
  const conditions = [
    'If-None-Match: "x"',
    'If-Modified-Since: Sun, 05 May 2024 10:20:30 GMT',
    'If-Match: "y"',
  ];
  await pair.compare([
    ...['/h', '/ranges/h'].flatMap(path =>
      ranges.flatMap(range => [
        [answered(path, whole), `Range: ${range}`] as const,
        [answered(path, whole), `Range: ${range}`, 'If-Range: "x"'] as const,
      ]),
    ),
    ...conditions.map(condition => [answered('/h', whole), condition] as const),
  ]);
});
