/** What variables say in a log line, held against nginx: all that it knows, over requests of many kinds. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { VARIABLES } from '#model/l7/variables.ts';
import { until } from '../../e2e/rig.ts';
import { startTwins, type Twins } from '../../e2e/twins.ts';
import { response, startUpstream, type Upstream } from '../../e2e/upstream.ts';
import { type Ask, exchange, request } from '../../e2e/wire.ts';

/** They tell of the process, the place or the moment. */
const OWN =
  `pid connection connection_time msec time_local time_iso8601 request_id request_time remote_port server_port
  realip_remote_port proxy_host proxy_port upstream_addr upstream_connect_time upstream_header_time
  upstream_response_time tcpinfo_rtt tcpinfo_rttvar tcpinfo_snd_cwnd tcpinfo_rcv_space nginx_version moat_version
  connections_active connections_reading connections_writing connections_waiting document_root request_filename
  realpath_root`.split(/\s+/);

/** nginx 1.22 does not have them. */
const NEWER =
  `request_port is_request_port proxy_add_forwarded upstream_queue_time upstream_last_addr upstream_last_server_name
  brotli_ratio zstd_ratio http3 ssl_sigalg ssl_client_sigalg ssl_ech_status
  ssl_ech_outer_server_name`.split(/\s+/);

/** The pages of errors, the Server field and the fields sent to servers are moat's own. */
const DIFFERS = ['body_bytes_sent', 'bytes_sent', 'upstream_bytes_sent', 'upstream_bytes_received'];

/** Of tiers and directives that nginx does not have, and of its module for OpenTelemetry, which Debian's is without. */
const MOATS = /^(?:waf_|challenge_|csrf_|limit_ban_|otel_)/;

/** Of no use outside nginx's proxy module; or of a directive whose tests are elsewhere. */
const INTERNAL = ['proxy_internal_body_length', 'proxy_internal_chunked', 'invalid_referer'];

const FAMILIES = [
  ...[
    'http_referer',
    'http_x_none',
    'arg_a',
    'arg_none',
    'cookie_a',
    'cookie_none',
    'sent_http_content_type',
  ],
  ...[
    'sent_http_x_none',
    'sent_http_location',
    'upstream_http_x_a',
    'upstream_http_none',
    'upstream_cookie_a',
  ],
];

const LEFT_OUT = new Set([...OWN, ...NEWER, ...DIFFERS, ...INTERNAL]);
const NAMES = [
  ...Object.keys(VARIABLES).filter(name => !LEFT_OUT.has(name) && !MOATS.test(name)),
  ...FAMILIES,
];
const FORMAT = NAMES.map(name => `${name}=<$${name}>`).join('|');

const ASKS: readonly (Ask | string)[] = [
  { path: '/text' },
  { path: '/text?' },
  { path: '/text?a=1&b' },
  { path: '/text?a=' },
  { path: '/text', headers: { Referer: '' } },
  { path: '/text', headers: { Referer: 'x"y\\z\t\xe9', Cookie: 'a=b; c=d' } },
  { path: '/text', headers: { Authorization: 'Basic dXNlcjpwYXNz' } },
  { path: '/text', version: '1.0' },
  { method: 'HEAD', path: '/text' },
  { path: '/none' },
  { path: '/server' },
  { method: 'POST', path: '/server', body: 'three', headers: { 'Content-Type': 'text/x' } },
  { path: '/gone' },
  { path: '/with%20%22quote' },
  'GET / HTTP/1.1\r\n\r\n',
];

/** The second comes while the first is answered. */
const PIPELINED =
  'GET /text HTTP/1.1\r\nHost: a\r\n\r\nGET /text HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

let upstream: Upstream;
let twins: Twins;

before(async () => {
  upstream = await startUpstream(() => response(200, 'hello', ['X-A: 1', 'Set-Cookie: a=b']));
  twins = await startTwins(
    `log_format default '${FORMAT}'; log_format json escape=json '${FORMAT}'; log_format none escape=none '${FORMAT}';
     server { listen 127.0.0.1:PORT; server_name localhost;
       access_log default.log default; access_log json.log json; access_log none.log none;
       location / { return 404; }
       location /text { return 200 x; }
       location /with { return 200 x; }
       location /server { proxy_pass http://127.0.0.1:${upstream.port}; }
       location /gone { proxy_pass http://127.0.0.1:1; }
     }`,
  );
});

after(async () => {
  await twins?.[Symbol.asyncDispose]();
  await upstream?.stop();
});

test('log_format: every variable says in every escaping what nginx says', async () => {
  for (const ask of ASKS)
    for (const port of Object.values(twins.ports))
      await (typeof ask === 'string' ? exchange(port, ask) : request(port, ask));
  for (const port of Object.values(twins.ports)) await exchange(port, PIPELINED);
  for (const file of ['default.log', 'json.log', 'none.log']) {
    const lines = (program: 'moat' | 'nginx') => twins[program].read(file).split('\n').slice(0, -1);
    const all = ASKS.length + 2;
    await until(() => lines('moat').length === all && lines('nginx').length === all, 'the lines');
    const theirs = lines('nginx');
    lines('moat').forEach((line, at) => {
      assert.deepEqual(
        line.split('|'),
        theirs[at]!.split('|'),
        `${file}: ${JSON.stringify(ASKS[at] ?? PIPELINED)}`,
      );
    });
  }
});
