/** auth_request and mirror, asked side by side with nginx. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePorts, httpConf, startMoat, until } from '../e2e/rig.ts';
import { response, startUpstream } from '../e2e/upstream.ts';
import { request, Wire } from '../e2e/wire.ts';
import { startTwins } from './twins.ts';

/** Goes on to a location that no check keeps from answering. */
const THEN = 'try_files /none @in;';
const IN = 'location @in { auth_request off; return 200 "in $who|$uri|$args|$request_uri"; }';

const statuses = [200, 201, 204, 299, 301, 400, 401, 403, 404, 407, 500];

/** nginx sends the length of the body that it does not send, unless it is told otherwise. */
const NO_BODY = 'proxy_pass_request_body off; proxy_set_header Content-Length "";';

const SERVERS: Readonly<Record<string, string>> = {
  status: `location / { auth_request /auth; ${THEN} } location = /auth { proxy_pass http://UPSTREAM/?$args$arg_x; ${NO_BODY} }
    ${statuses.map(status => `location = /${status} { auth_request /auth-${status}; ${THEN} } location = /auth-${status} { proxy_pass http://UPSTREAM/x?status=${status}; ${NO_BODY} }`).join('\n')}
    ${IN}`,
  returned: `${statuses.map(status => `location = /${status} { auth_request /auth-${status}; ${THEN} } location = /auth-${status} { internal; return ${status}; }`).join('\n')}
    ${IN}`,
  set: `location / { auth_request /auth; auth_request_set $who "$upstream_http_x_echo $upstream_status $uri $request_uri $request_method"; ${THEN} }
    location = /auth { set $inner 1; proxy_pass http://UPSTREAM/a?status=$arg_s; ${NO_BODY} } location = /denied { auth_request /auth-401; auth_request_set $who $upstream_status; error_page 401 = @told; }
    location = /auth-401 { proxy_pass http://UPSTREAM/x?status=401; ${NO_BODY} } location @told { return 200 "told $who"; } ${IN}`,
  args: `location / { auth_request /auth; auth_request_set $args "new=1"; ${THEN} } location = /auth { return 200; } ${IN}`,
  off: `auth_request /auth; location / { ${THEN} } location /open { auth_request off; ${THEN} } location = /auth { return 403; } ${IN}`,
  missing: `location / { auth_request /nowhere; ${THEN} } location = /nowhere { error_page 404 =200 /fine; return 404; } location = /fine { return 200 fine; } ${IN}`,
  page: `location / { auth_request /auth; error_page 401 /login; ${THEN} } location = /auth { return 401; } location = /login { auth_request off; return 200 login; } ${IN}`,
  own: `location / { auth_request /auth; ${THEN} } location /auth { auth_request /auth; rewrite ^ /rewritten last; } location = /rewritten { return 204; } ${IN}`,
  server: `rewrite ^/auth$ /moved; location / { auth_request /auth; ${THEN} } location = /moved { return 403; } location = /auth { return 200; } ${IN}`,
  any: `location / { satisfy any; deny all; auth_request /auth; ${THEN} } location = /auth { proxy_pass http://UPSTREAM/x?status=$arg_s; ${NO_BODY} } location /ok { satisfy any; allow all; auth_request /auth-401; ${THEN} }
    location = /auth-401 { return 401; } ${IN}`,
  limits: `location / { auth_request /auth; ${THEN} } location = /auth { deny all; return 200; } location = /checked { auth_request /guarded; ${THEN} } location = /guarded { deny all; proxy_pass http://UPSTREAM; ${NO_BODY} } ${IN}`,
  variables: `location / { set $seen outer; auth_request /auth; auth_request_set $who "$seen $uri"; ${THEN} } location = /auth { set $seen inner; return 200; } ${IN}`,
};

const ASKS: Readonly<Record<string, readonly string[]>> = {
  status: statuses.map(status => `/${status}?k=v`),
  returned: statuses.map(status => `/${status}`),
  set: ['/a/b?s=200', '/a%20b?s=204', '/c?s=403', '/denied'],
  args: ['/x?old=1'],
  off: ['/x', '/open'],
  any: ['/x?s=200', '/x?s=401', '/x?s=403', '/x?s=500', '/ok'],
  limits: ['/x', '/checked'],
};

test('auth_request: what is answered is what nginx answers', async t => {
  await using twins = await startTwins(SERVERS, 'map $uri $nothing { default ""; }');
  for (const host of Object.keys(SERVERS)) {
    await t.test(host, async () => {
      for (const path of ASKS[host] ?? ['/x?y=z'])
        for (const ask of [{ path }, { path, method: 'POST', body: 'some body' }, { path, method: 'HEAD' }]) {
          const { nginx, moat } = await twins.ask(host, ask);
          assert.equal(`${ask.method} ${path} ${moat}`, `${ask.method} ${path} ${nginx}`);
        }
    });
  }
});

test('auth_request: the question has the headers of the request, GET and no body; the request goes on with its own', async () => {
  const [port = 0] = await freePorts(1);
  await using upstream = await startUpstream(({ body }) => response(200, `got ${body}`));
  await using _moat = await startMoat(
    httpConf(`server { listen 127.0.0.1:${port}; location / { auth_request /auth; proxy_pass http://127.0.0.1:${upstream.port}; }
      location = /auth { internal; proxy_pass http://127.0.0.1:${upstream.port}/check; } }`),
  );
  const reply = await request(port, {
    method: 'POST',
    path: '/a?b',
    headers: { 'X-Key': 'k' },
    body: 'hello',
  });
  assert.equal(reply.body, 'got hello');
  assert.deepEqual(
    upstream.requests.map(({ method, target, body, headers }) => [
      method,
      target,
      body,
      headers.find(([name]) => name === 'X-Key')?.[1],
      headers.some(([name]) => name === 'Content-Length'),
    ]),
    [
      ['GET', '/check', '', 'k', false],
      ['POST', '/a?b', 'hello', 'k', true],
    ],
  );
});

test('auth_request: where the question is answered by closing, the request is', async () => {
  const [port = 0] = await freePorts(1);
  await using _moat = await startMoat(
    httpConf(`server { listen 127.0.0.1:${port}; location / { auth_request /auth; error_page 500 /told; }
      location = /auth { return 444; } location = /told { return 200 told; } }`),
  );
  using wire = await Wire.dial(port);
  assert.equal(await wire.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n').rest(), '');
});

test('auth_request: a client that goes away ends the question', async () => {
  const [port = 0] = await freePorts(1);
  await using upstream = await startUpstream(() => undefined);
  await using _moat = await startMoat(
    httpConf(`server { listen 127.0.0.1:${port}; location / { auth_request /auth; proxy_pass http://127.0.0.1:${upstream.port}; }
      location = /auth { proxy_pass http://127.0.0.1:${upstream.port}/check; } }`),
  );
  using wire = await Wire.dial(port);
  wire.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => upstream.requests.length === 1, 'the question');
  wire.socket.destroy();
  await until(() => upstream.connections.open === 0, 'its end');
});

const MIRRORED: Readonly<Record<string, string>> = {
  body: 'location / { mirror /copy; mirror /copy2; proxy_pass http://UPSTREAM; } location /copy { internal; proxy_pass http://UPSTREAM/mirrored$request_uri; }',
  'no-body':
    'location / { mirror /copy; mirror_request_body off; proxy_pass http://UPSTREAM; } location /copy { internal; proxy_pass http://UPSTREAM; proxy_pass_request_body off; proxy_set_header Content-Length ""; }',
  off: 'mirror /copy; location / { mirror off; proxy_pass http://UPSTREAM; } location /copy { internal; proxy_pass http://UPSTREAM; }',
  inherited:
    'mirror /copy; location / { proxy_pass http://UPSTREAM; } location /copy { internal; proxy_pass http://UPSTREAM; }',
  returned:
    'location / { mirror /copy; error_page 404 = @in; root none; } location @in { return 200 in; } location /copy { internal; proxy_pass http://UPSTREAM; }',
};

test('mirror: the copies are those that nginx sends', async t => {
  await using twins = await startTwins(MIRRORED);
  const { upstream } = twins;
  for (const host of Object.keys(MIRRORED)) {
    await t.test(host, async () => {
      for (const ask of [
        { path: '/a/b?c=d' },
        { path: '/p%20q', method: 'POST', body: 'some body' },
        { path: '/big', method: 'PUT', body: 'x'.repeat(100_000) },
      ]) {
        const before = upstream.requests.length;
        const { nginx, moat } = await twins.ask(host, ask);
        assert.equal(moat, nginx);
        const copies = { body: 3, 'no-body': 2, off: 1, inherited: 2, returned: 1 }[host]!;
        await until(() => upstream.requests.length - before >= 2 * copies, `${copies} requests of each`);
        const seen = upstream.requests
          .slice(before)
          .map(({ method, target, body }) => `${method} ${target} ${body.length}`);
        const both = seen.toSorted();
        assert.equal(both.length, 2 * copies);
        for (let at = 0; at < both.length; at += 2) assert.equal(both[at], both[at + 1]);
      }
    });
  }
});

test('mirror: a copy that nobody answers delays neither this request nor the next one', async () => {
  const [port = 0] = await freePorts(1);
  await using silent = await startUpstream(() => undefined);
  await using upstream = await startUpstream(({ target }) => response(200, target));
  await using _moat = await startMoat(
    httpConf(`server { listen 127.0.0.1:${port}; location / { mirror /copy; proxy_pass http://127.0.0.1:${upstream.port}; }
      location = /copy { internal; proxy_pass http://127.0.0.1:${silent.port}; } }`),
  );
  using wire = await Wire.dial(port);
  for (const path of ['/1', '/2', '/3']) {
    wire.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.equal((await wire.reply()).body, path);
  }
  await until(() => silent.requests.length === 3, 'three copies');
});
