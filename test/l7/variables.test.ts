/** Every variable that the model names is computed, and those of a request are what nginx makes of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VARIABLE_NAMES, VARIABLE_PREFIXES } from '#model/l7/variables.ts';
import { PREFIXES, VARIABLES } from '../../l7/variable/table.ts';
import { freePorts, httpConf, startMoat, until } from '../e2e/rig.ts';
import { response, startUpstream } from '../e2e/upstream.ts';
import { request, Wire } from '../e2e/wire.ts';
import { startTwins } from './twins.ts';

test('variables: the model and the getters name the same', () => {
  const computed = Object.keys(VARIABLES);
  const missing = VARIABLE_NAMES.filter(name => !computed.includes(name));
  assert.deepEqual(missing, [], 'these have no getter');
  assert.deepEqual(
    computed.filter(name => !(VARIABLE_NAMES as readonly string[]).includes(name)),
    [],
  );
  assert.deepEqual(PREFIXES.map(([prefix]) => prefix).toSorted(), VARIABLE_PREFIXES.toSorted());
});

const SHOWN =
  'args query_string is_args uri document_uri request_uri request_method request request_completion scheme https host hostname server_name server_addr server_protocol remote_addr binary_remote_addr remote_user content_length content_type connection_requests pipe proxy_add_x_forwarded_for realip_remote_addr status body_bytes_sent http_x_one http_user_agent http_cookie http_host cookie_a cookie_B arg_k arg_K arg_none sent_http_content_type limit_rate invalid_referer http2 ssl_protocol'.split(
    ' ',
  );

test('variables: a request shows itself as under nginx', async () => {
  const shown = SHOWN.map(name => `${name}=[$${name}]`).join(' ');
  await using twins = await startTwins(
    { 'show.example www.show.example': `location / { valid_referers show.example; return 200 '${shown}'; }` },
    "map $uri $unused { default ''; }",
  );
  const cookies = { Cookie: ['a=1; B=2', 'c=3;a=4', 'b =x; a'] };
  for (const ask of [
    { path: '/' },
    { path: '/a%20b/../c?k=v&K=w&=x' },
    { path: '/?' },
    { path: '//x//y?k=%41+b' },
    { path: 'http://www.show.example:8080/abs?k' },
    { path: '/', method: 'POST', body: 'hello', headers: { 'Content-Type': 'text/x; charset=y' } },
    { path: '/', version: '1.0' as const },
    { path: '/', headers: { 'X-One': 'a', 'X-Forwarded-For': ['1.1.1.1', '2.2.2.2'], ...cookies } },
    { path: '/', headers: { Authorization: 'Basic dXNlcjpwYXNz', 'User-Agent': 'caf\xe9 "x"' } },
    { path: '/', headers: { Host: 'WWW.Show.Example.:81' } },
  ]) {
    const { nginx, moat } = await twins.ask('www.show.example', ask);
    assert.equal(`${JSON.stringify(ask)} ${moat}`, `${JSON.stringify(ask)} ${nginx}`);
  }
});

test('variables: the port that the client wrote, and what the next server is told of this hop', async () => {
  const [port = 0] = await freePorts(1);
  const show = 'return 200 "$request_port $is_request_port $proxy_add_forwarded";';
  await using _moat = await startMoat(
    httpConf(`server { listen 127.0.0.1:${port}; location / { ${show} } }`),
  );
  const body = async (path: string, headers: Record<string, string>) =>
    (await request(port, { path, headers })).body;
  assert.equal(await body('/', { Host: 'a.example' }), '  for=127.0.0.1;host=a.example;proto=http');
  assert.equal(await body('/', { Host: 'a:81' }), '81 : for=127.0.0.1;host="a:81";proto=http');
  assert.equal(await body('http://b:82/', { Host: 'a:81' }), '82 : for=127.0.0.1;host="a:81";proto=http');
  const told = await body('/', { Host: 'a', Forwarded: 'for=1.2.3.4' });
  assert.equal(told, '  for=1.2.3.4, for=127.0.0.1;host=a;proto=http');
});

test('variables: a map of the name $proxy_add_forwarded takes its place, and $server_name is in lower case', async () => {
  const [port = 0] = await freePorts(1);
  const map = 'map $http_forwarded $proxy_add_forwarded { default "own;$http_forwarded"; }';
  const server = `server { listen 127.0.0.1:${port}; server_name A.Example; return 200 "$proxy_add_forwarded $server_name"; }`;
  await using _moat = await startMoat(httpConf(`${map} ${server}`));
  const { body } = await request(port, {
    path: '/',
    headers: { Host: 'A.EXAMPLE', Forwarded: 'for=1.2.3.4' },
  });
  assert.equal(body, 'own;for=1.2.3.4 a.example');
});

test('variables: $request_body is there when the body was read to be passed on, and in the log', async () => {
  const [port = 0] = await freePorts(1);
  await using upstream = await startUpstream(() => response(200, 'ok'));
  const conf = `log_format body '[$request_body]'; server { listen 127.0.0.1:${port}; client_body_buffer_size 1k;
    location / { proxy_pass http://127.0.0.1:${upstream.port}; proxy_set_header X-Body $request_body; access_log bodies.log body; }
    location /streamed { proxy_request_buffering off; proxy_pass http://127.0.0.1:${upstream.port}; access_log bodies.log body; } }`;
  await using moat = await startMoat(httpConf(conf));
  for (const [path, body] of [
    ['/', 'a=b'],
    ['/', 'x'.repeat(5000)],
    ['/streamed', 'c=d'],
  ] as const)
    await request(port, { path, method: 'POST', body });
  await until(() => moat.read('bodies.log').split('\n').length === 4, 'three lines');
  assert.equal(moat.read('bodies.log'), '[a=b]\n[-]\n[-]\n');
  assert.equal(upstream.requests[0]?.headers.find(([name]) => name === 'X-Body')?.[1], 'a=b');
});

test('variables: the log tells whether the connection was kept, which nginx has forgotten by then', async () => {
  const [port = 0] = await freePorts(1);
  await using moat = await startMoat(
    httpConf(`log_format kept '$sent_http_connection $sent_http_keep_alive'; server { listen 127.0.0.1:${port};
      keepalive_requests 2; keepalive_timeout 10s 9s; location / { return 204; access_log kept.log kept; } }`),
  );
  using wire = await Wire.dial(port);
  for (let at = 0; at < 2; at++) await wire.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n').reply();
  await until(() => moat.read('kept.log').split('\n').length === 3, 'two lines');
  assert.equal(moat.read('kept.log'), 'keep-alive timeout=9\nclose -\n');
});
