/** `moat import haproxy`: what was made answers as HAProxy itself does, and the rest is told. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { timeOf, wordsOf } from '../../control/import/haproxy-tree.ts';
import { moatValue } from '../../control/import/haproxy-value.ts';
import { freePorts, PROGRAMS, startMoat, until } from '../e2e/rig.ts';
import { response, startUpstream } from '../e2e/upstream.ts';
import { request } from '../e2e/wire.ts';
import { isClosed } from './life.ts';

const HAPROXY = '/usr/sbin/haproxy';
const skip = spawnSync(HAPROXY, ['-v']).error !== undefined && 'there is no haproxy';
const dir = mkdtempSync(join(tmpdir(), 'moat-import-haproxy-'));
after(() => rmSync(dir, { recursive: true }));

function imported(name: string, text: string) {
  const file = join(dir, name);
  writeFileSync(file, text);
  const { stdout, stderr, status } = spawnSync(PROGRAMS.moat, ['import', 'haproxy', file], {
    encoding: 'utf8',
  });
  return { text: stdout, said: stderr.replaceAll(`${dir}/`, '').trim().split('\n'), status, file };
}

const DEFAULTS = 'defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n';

/** A frontend in which the order of rules decides. @param ports of the frontend, and of three servers */
const site = ([port, app, api, files]: readonly number[]) => `${DEFAULTS}  option forwardfor
frontend www
  bind 127.0.0.1:${port}
  http-request set-header X-Way "client %[src]; %[req.hdr(host)]"
  http-response set-header X-Frame-Options DENY
  acl is_api path_beg /api /v2
  acl is_file path_end -i .css .png
  acl admin hdr(host) -i admin.example.org
  acl shop hdr_end(host) .shop.example.org
  http-request deny if { path_beg /.git }
  http-request deny deny_status 410 if { path /gone }
  http-request deny if { path_reg ^/v2/x[0-9]+$ }
  http-request redirect location /new code 301 if { path /old }
  use_backend files if is_file
  use_backend api if admin
  use_backend files if shop { path_beg /img }
  use_backend api if is_api || { path /exact }
  use_backend files if { path_beg /api/files }
  monitor-uri /alive
  default_backend app
frontend closed
  bind 127.0.0.1:${port! + 1}
  http-request deny unless { src 10.0.0.0/8 }
  default_backend app
backend app
  balance leastconn
  server a 127.0.0.1:${app}
backend api
  http-request set-header Host api.internal
  server a 127.0.0.1:${api}
backend files
  server a 127.0.0.1:${files}
`;

const ASKED: readonly (readonly [path: string, host: string])[] = [
  ...[
    '/',
    '/api',
    '/api/x',
    '/apix',
    '/api/files/x',
    '/v2',
    '/v2/x1',
    '/v2/x',
    '/exact',
    '/exact/no',
    '/gone',
    '/gone/x',
    '/old',
  ].map(path => [path, 'example.org'] as const),
  ...['/.git', '/.git/config', '/.gitx', '/x.css', '/X.PNG', '/api/x.css', '/css', '/alive', '/img/a'].map(
    path => [path, 'example.org'] as const,
  ),
  ...['/', '/api', '/x.css', '/.git', '/exact', '/v2/x7', '/gone'].map(
    path => [path, 'Admin.example.org'] as const,
  ),
  ...['/', '/img/a', '/img', '/api', '/.git/a', '/a.css'].map(path => [path, 'a.shop.example.org'] as const),
];

test('moat import haproxy: each request goes where HAProxy sends it', { skip }, async () => {
  const named = (name: string) =>
    startUpstream(({ headers, target }) => {
      const value = (wanted: string) =>
        headers
          .find(([one]) => one.toLowerCase() === wanted)?.[1]
          .toLowerCase()
          .replace(/^client /, '');
      return response(200, [name, target, value('host'), value('x-way'), value('x-forwarded-for')].join(' '));
    });
  await using app = await named('app');
  await using api = await named('api');
  await using files = await named('files');
  const [theirs = 0, , ours = 0] = await freePorts(4);
  const ports = [app.port, api.port, files.port];
  const { text, said, status } = imported('site', site([ours, ...ports]));
  assert.equal(status, 0, said.join('\n'));
  const cfg = join(dir, 'theirs.cfg');
  writeFileSync(cfg, site([theirs, ...ports]));
  const haproxy = spawn('setpriv', ['--pdeathsig', 'TERM', HAPROXY, '-db', '-q', '-f', cfg], {
    stdio: 'ignore',
  });
  after(() => haproxy.kill());
  await until(async () => !(await isClosed(theirs)), 'haproxy to listen');
  await using _moat = await startMoat(text.replace(/^pid .*$/m, 'pid rig.pid;'));

  const ask = async (port: number, path: string, host: string) => {
    const { status: code, body, headers } = await request(port, { path, headers: { Host: host } });
    const value = (wanted: string) => headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
    const location = value('location')?.replace(/^https?:\/\/[^/]*/, '');
    return [code, /^(app|api|files) /.test(body) ? [body, value('x-frame-options')] : '', location];
  };
  for (const [path, host] of ASKED)
    assert.deepEqual(await ask(ours, path, host), await ask(theirs, path, host), `${host}${path}`);
  assert.equal((await request(ours + 1, { path: '/' })).status, 403);
});

test('moat import haproxy: settings of pools, checks and sessions', () => {
  const { text, said, status } = imported(
    'pools',
    `${DEFAULTS}  retries 2
frontend www
  bind *:8080,[::]:8080
  default_backend app
backend app
  balance leastconn
  cookie SRV insert indirect httponly
  option httpchk GET /healthz
  http-check expect status 200,204
  default-server check inter 3s fall 2 rise 5
  server a 10.0.1.1:8080 cookie a maxconn 100 weight 10 slowstart 20s
  server b 10.0.1.2:8080 cookie b backup
  server c 10.0.1.3:8080 disabled
backend tenants
  balance hdr(X-Tenant)
  hash-type consistent
  server a 10.0.2.1:8080 slowstart 20s
  server b 10.0.2.2:8080 backup
`,
  );
  assert.equal(status, 0, said.join('\n'));
  for (const line of [
    'listen 8080 default_server;',
    'listen [::]:8080 default_server;',
    'hash "$http_x_tenant" consistent;',
    'sticky cookie SRV path=/ httponly;',
    'server 10.0.1.1:8080 weight=10 max_conns=100 slow_start=20s;',
    'server 10.0.1.2:8080 backup;',
    'server 10.0.1.3:8080 down;',
    'least_conn;',
    'server 10.0.2.1:8080;',
    'server 10.0.2.2:8080 down;',
    'health_check interval=3s fails=2 passes=5 uri=/healthz match=app_check;',
    'status 200 204;',
    'proxy_next_upstream_tries 3;',
    'proxy_connect_timeout 5s;',
  ])
    assert.ok(text.includes(`    ${line}\n`), line);
});

test('moat import haproxy: what it cannot say is told, and a refusal that it cannot say refuses everybody', () => {
  const { text, said, status } = imported(
    'rest',
    `${DEFAULTS}
frontend www
  bind *:8080
  acl bad hdr_sub(user-agent) -i sqlmap
  http-request deny if bad
  http-request deny if { sc_http_req_rate(0) gt 100 }
  use_backend app if { req.cook(canary) 1 }
  default_backend app
backend app
  server a 10.0.1.1:8080
listen db
  mode tcp
  bind *:5432
  server pg 10.0.4.1:5432
listen stats
  bind *:8405
  stats enable
peers mates
  peer a 10.0.0.1:1024
`,
  );
  assert.equal(status, 0);
  assert.match(text, /^ {8}return 403;$/m);
  assert.deepEqual(
    said.map(line => /^rest:(\d+): not taken over: (\S+ \S+)/.exec(line)?.slice(1).join(' ')),
    [
      '10 a refusal',
      '11 a limit',
      '12 use_backend app:',
      '16 listen db:',
      '20 listen stats:',
      '23 peers mates:',
      undefined,
    ],
  );
  assert.equal(imported('nothing', 'bind *:80\n').status, 3);
});

test('moat import haproxy: each section has the defaults before it, or those that it names', () => {
  const { text, said } = imported(
    'defaults',
    `frontend early
  bind *:8081
  default_backend app
defaults web
  mode http
  timeout connect 5s
defaults slow from web
  timeout connect 9s
frontend www
  bind *:8080
  default_backend app
frontend raw from web
  bind *:8082
  default_backend app
defaults
  mode tcp
backend app from slow
  server a 10.0.1.1:8080
listen all from web
  bind *:8083
  balance roundrobin
  server b 10.0.1.2:8080 ssl verify none ciphers HIGH
  option nonsense
  maxconn 5
`,
  );
  assert.deepEqual(
    [...text.matchAll(/listen (\d+)/g)].map(([, port]) => port),
    ['8080', '8082', '8083'],
  );
  assert.match(text, /proxy_connect_timeout 9s;/);
  assert.deepEqual(
    said.map(line => /^defaults:(\d+):/.exec(line)?.[1]),
    ['1', undefined],
  );
});

test('haproxy.cfg: words, times and samples', () => {
  assert.deepEqual(wordsOf(`acl a\\ b "c \\"d" 'e "f' g#h # no`), ['acl', 'a b', 'c "d', 'e "f', 'g#h']);
  assert.deepEqual(['50000', '5s', '1500us', 'x'].map(timeOf), ['50000ms', '5s', '2ms', undefined]);
  assert.equal(moatValue('%[src]:%cp %% %[req.hdr(X-A)]'), '$remote_addr:$remote_port % $http_x_a');
  assert.equal(moatValue('%[rand(10)]'), undefined);
  assert.equal(moatValue('a $b'), undefined);
});
