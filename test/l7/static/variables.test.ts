/** Variables of the http core module, beside nginx. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePorts, httpConf, startMoat } from '../../e2e/rig.ts';
import { request } from '../../e2e/wire.ts';
import { type Ask, besideNginx } from '../beside-nginx.ts';

test('variables: of the request, its file and its connection', async () => {
  const names = [
    ...[
      'args',
      'query_string',
      'is_args',
      'arg_a',
      'arg_B',
      'uri',
      'document_uri',
      'request_uri',
      'request_method',
    ],
    ...['request', 'host', 'http_host', 'server_name', 'server_protocol', 'scheme', 'https', 'remote_addr'],
    ...['server_addr', 'document_root', 'request_filename', 'realpath_root', 'http_x_one', 'cookie_c'],
    ...[
      'content_length',
      'content_type',
      'limit_rate',
      'connection_requests',
      'request_completion',
      'remote_user',
    ],
    ...[
      'request_body',
      'request_body_file',
      'sent_http_content_type',
      'status',
      'pipe',
      'binary_remote_addr',
    ],
  ];
  const text = names.map(name => `${name}=$${name}`).join('|');
  await using pair = await besideNginx({
    files: { 'a/b.txt': 'b' },
    http: `server { listen {port}; server_name first.org second.org; root {root}/a/; limit_rate 5k;
      location / { return 200 "${text}"; }
      location /alias/ { alias {root}/a/; limit_rate 0; return 200 "${text}"; }
      location ~ ^/re/(?<rest>.*)$ { alias {root}/$rest; return 200 "$rest $1 ${text}"; }
      location /rewritten { rewrite ^ /other/$arg_a?b=c last; }
      location = /error { error_page 404 /told; return 404; } }`,
  });
  await pair.compare([
    ['GET /'],
    ['GET /x%20y/./z?a=1&B=2&b=3'],
    ['GET /?'],
    ['GET /alias/b.txt?a'],
    ['GET /re/a/b.txt'],
    ['GET /rewritten?a=1'],
    ['GET /error'],
    ['GET http://Absolute.org:81/p?q'],
    ['GET /', 'Host: SECOND.org:8080', 'Cookie: c=1; d=2', 'X-One: 1', 'Authorization: Basic YTpi'],
    ['POST /', 'Content-Type: text/plain', '>abc'],
    ['GET / HTTP/1.0', 'Connection: keep-alive, close'],
  ] satisfies Ask[]);
});

test('variables: the port that the client named', async () => {
  const [port = 0] = await freePorts(1);
  await using _moat = await startMoat(
    httpConf(`server { listen 127.0.0.1:${port}; return 200 "$host$is_request_port$request_port"; }`),
  );
  const told = async (host: string, path = '/') =>
    (await request(port, { path, headers: { Host: host } })).body;
  assert.equal(await told('a.org:8080'), 'a.org:8080');
  assert.equal(await told('a.org'), 'a.org');
  assert.equal(await told('[::1]:80'), '[::1]:80');
  assert.equal(await told('a.org:1', 'http://b.org:2/'), 'b.org:2');
});
