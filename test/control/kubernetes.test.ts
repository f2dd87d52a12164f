/** Routes by objects of Kubernetes in a whole moat: an API server over TLS with watches, curl through moat, and a start without it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempDisposableSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { freePorts, until as untilWithin } from '../e2e/rig.ts';
import { response } from '../e2e/upstream.ts';
import { Authority } from '../l7/authority.ts';
import { ApiServer } from '../l7/discovery/api-server.ts';
import { Cluster } from '../l7/kubernetes/cluster.ts';
import {
  endpoints,
  gateway,
  httpRoute,
  ingress,
  object,
  rule,
  secret,
  service,
} from '../l7/kubernetes/manifests.ts';
import { Servers } from '../l7/upstream/servers.ts';
import { startApi } from './api/api-rig.ts';

const MEMBERS = '.nginx.conf.history/pool-found.json';
const KEPT = '.nginx.conf.history/kubernetes.json';
/** Pauses after faults add up. */
const PATIENCE_MS = 120_000;
const run = promisify(execFile);
const until = (isSo: Parameters<typeof untilWithin>[0], what: string) => untilWithin(isSo, what, PATIENCE_MS);

interface Got {
  readonly status: number;
  readonly body: string;
  readonly head: string;
}

/** What curl gets. */
async function curl(url: string, ...words: string[]): Promise<Got> {
  const { stdout } = await run('curl', ['-s', '-i', '-m', '20', ...words, url]);
  const [head = '', ...rest] = stdout.split('\r\n\r\n');
  return { status: Number(/^HTTP\/[\d.]+ (\d+)/.exec(head)?.[1]), body: rest.join('\r\n\r\n'), head };
}

test('kubernetes: Ingresses and Gateways are served as they come and go, and outlive their API server', async () => {
  await using servers = await Servers.start(3);
  const port = (letter: string) => Number(servers.at(letter).split(':')[1]);
  using authority = new Authority();
  using folder = mkdtempDisposableSync(join(tmpdir(), 'kubernetes-'));
  const [token, ca] = [join(folder.path, 'token'), join(folder.path, 'ca.crt')];
  writeFileSync(token, 'let-me-in\n', { mode: 0o600 }); // which the process that serves may not read
  writeFileSync(ca, authority.cert);
  const own = authority.issue('moat.test');
  for (const [name, text] of [
    ['own.crt', own.cert],
    ['own.key', own.key],
  ] as const)
    writeFileSync(join(folder.path, name), text);

  const cluster = new Cluster();
  cluster.token = 'let-me-in';
  cluster.unknown.add('grpcroutes');
  for (const letter of ['a', 'b', 'c'])
    cluster.put(service(`shop/${letter}`), endpoints(`shop/${letter}`, port(letter)));
  cluster.put(
    secret('shop/tls', authority.issue('a.test')),
    ingress('shop/web', {
      rules: [rule('a.test', 'Prefix / a:80', 'Exact /exact b:http')],
      tls: [{ hosts: ['a.test'], secretName: 'tls' }],
    }),
    ingress('shop/bad', { rules: [rule('a.test { return 200; }', 'Prefix / a:80')] }),
  );
  await using ended = new AsyncDisposableStack();
  const tls = authority.issue('localhost');
  const api = ended.use(await ApiServer.start(cluster.answer, 0, tls));
  const [tlsPort = 0] = await freePorts(1);
  const http = (more = '') => `
    server {
      listen 127.0.0.1:PORT; listen 127.0.0.1:${tlsPort} ssl;
      ssl_certificate ${folder.path}/own.crt; ssl_certificate_key ${folder.path}/own.key;
      add_header X-Edge moat; location = /secret { internal; return 200 secret; } location = /metrics { metrics; }
      kubernetes https://localhost:${apiPort} ingress_class=moat gateway_class=moat token_file=${token} ca=${ca} ports=80:PORT,443:${tlsPort} allow_local ${more};
    }`;
  const apiPort = api.port;
  let kept: Record<string, string> = {};
  {
    await using rig = await startApi(http());
    const at = (host: string, path = '/', ...words: string[]) =>
      curl(
        `http://${host}:${rig.sitePort}${path}`,
        '--resolve',
        `${host}:${rig.sitePort}:127.0.0.1`,
        ...words,
      );
    const answers = async (host: string, body: string, path = '/') => {
      await until(async () => (await at(host, path)).body === body, `${body} for ${host}${path}`).catch(
        fault => {
          throw new Error(
            `${(fault as Error).message}\n${rig.moat.read()}\n${rig.command('kubernetes', 'status').stdout}`,
          );
        },
      );
    };
    await answers('a.test', 'a');
    assert.equal((await at('a.test', '/exact')).body, 'b');
    assert.match((await at('a.test')).head, /X-Edge: moat/, 'settings of the server hold');
    assert.equal((await at('other.test')).status, 404);
    const secure = await curl(
      `https://a.test:${tlsPort}/`,
      '--resolve',
      `a.test:${tlsPort}:127.0.0.1`,
      '--cacert',
      ca,
    );
    assert.equal(secure.body, 'a', 'by the certificate of the Secret');
    assert.match(
      rig.command('kubernetes', 'status').stdout,
      /a\.test +2[\s\S]*Ingress shop\/bad +rules\[0\]\.host "a\.test \{ return 200; \}" is no host/,
    );

    // Gateway API, by watches alone.
    const lists = cluster.listed.filter(kind => kind !== 'endpointslices').length;
    cluster.put(
      gateway('shop/edge', [{ name: 'web', port: 80, protocol: 'HTTP', hostname: '*.gw.test' }]),
      httpRoute('shop/r', {
        parentRefs: [{ name: 'edge' }],
        hostnames: ['x.gw.test'],
        rules: [
          {
            matches: [
              { path: { type: 'PathPrefix', value: '/api' }, headers: [{ name: 'X-Canary', value: 'yes' }] },
            ],
            filters: [
              {
                type: 'URLRewrite',
                urlRewrite: {
                  hostname: 'inner.test',
                  path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/v2' },
                },
              },
              {
                type: 'RequestHeaderModifier',
                requestHeaderModifier: {
                  set: [{ name: 'X-Set', value: 'set' }],
                  add: [{ name: 'X-Add', value: 'two' }],
                  remove: ['X-Gone'],
                },
              },
              {
                type: 'ResponseHeaderModifier',
                responseHeaderModifier: { set: [{ name: 'X-Server', value: 'moat' }] },
              },
              { type: 'RequestMirror', requestMirror: { backendRef: { name: 'b', port: 80 } } },
            ],
            backendRefs: [{ name: 'c', port: 80 }],
          },
          {
            matches: [{ path: { value: '/old' } }],
            filters: [
              {
                type: 'RequestRedirect',
                requestRedirect: {
                  scheme: 'https',
                  statusCode: 301,
                  path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' },
                },
              },
            ],
          },
          {
            backendRefs: [
              { name: 'a', port: 80, weight: 1 },
              { name: 'b', port: 80, weight: 1 },
              { name: 'gone', port: 80, weight: 0 },
            ],
          },
        ],
      }),
    );
    await until(async () => ['a', 'b'].includes((await at('x.gw.test')).body), 'the HTTPRoute');
    const seen = new Set<string>();
    await until(async () => seen.add((await at('x.gw.test')).body).size === 2, 'both of equal weight');
    assert.deepEqual([...seen].sort(), ['a', 'b']);
    const copies: string[] = [];
    servers.behave('b', ({ target }) => {
      copies.push(target);
      return response(200, 'b');
    });
    servers.behave('c', ({ target, headers }) =>
      response(
        200,
        JSON.stringify([
          target,
          headers.filter(([name]) => /^(host|x-(set|add|gone))$/i.test(name)).map(pair => pair.join('=')),
        ]),
        ['X-Server: c'],
      ),
    );
    const rewritten = await at(
      'x.gw.test',
      '/api/one%20two?q=1',
      '-H',
      'X-Canary: yes',
      '-H',
      'X-Gone: 1',
      '-H',
      'X-Add: one',
      '-H',
      'X-Set: no',
    );
    assert.equal(rewritten.status, 200, rewritten.body + rig.moat.read());
    const [target, fields] = JSON.parse(rewritten.body);
    assert.equal(target, '/v2/one%20two?q=1');
    assert.deepEqual(fields.map((text: string) => text.toLowerCase()).sort(), [
      'host=inner.test',
      'x-add=one',
      'x-add=two',
      'x-set=set',
    ]);
    assert.match(rewritten.head, /X-Server: moat/);
    assert.doesNotMatch(rewritten.head, /X-Server: c/);
    await until(() => copies.includes('/api/one%20two?q=1'), 'the copy');
    const redirect = await at('x.gw.test', '/old/a%20b?q=1');
    assert.deepEqual(
      [redirect.status, /Location: (.*)/.exec(redirect.head)?.[1]],
      [301, 'https://x.gw.test/new/a%20b?q=1'],
    );
    assert.equal((await at('y.gw.test')).status, 404, 'the host of the listener has no other routes');
    servers.behave('a', () => response(200, 'a', ['X-Accel-Redirect: /secret']));
    assert.equal(
      (await at('a.test')).body,
      'a',
      'no server sends a request to locations that are not for clients',
    );
    servers.behave('a');
    assert.equal(
      cluster.listed.filter(kind => kind !== 'endpointslices').length,
      lists,
      'nothing but watches has told it',
    );
    servers.behave('b');

    const { body: page } = await at('other.test', '/metrics');
    assert.match(page, /moat_kubernetes_current\{source="[^"]+"\} 1\n/);
    assert.match(page, /moat_kubernetes_left_out\{source="[^"]+"\} [1-9]/);

    // 410: all is listed anew, and what went meanwhile goes.
    cluster.bookmark();
    cluster.remove(object('HTTPRoute', 'shop/r', {}));
    cluster.forget();
    await until(async () => (await at('x.gw.test')).status === 404, 'the end of the HTTPRoute');
    assert.equal((await at('a.test')).body, 'a');

    // A kind that may not be read any more, and an answer without anything: all stays.
    cluster.forbidden.add('ingresses');
    cluster.forget();
    const fault = /ingresses: it answers 403: ingresses is forbidden/;
    await until(() => fault.test(rig.moat.read()), 'the fault'); // by the log: pauses grow while a command starts
    cluster.forbidden.clear();
    assert.equal((await at('a.test')).body, 'a');
    for (const one of ['web', 'bad']) cluster.remove(object('Ingress', `shop/${one}`, {}));
    cluster.remove(object('Gateway', 'shop/edge', {}));
    await until(() => /there are no routes any more/.test(rig.moat.read()), 'the refusal of nothing at all');
    assert.equal((await at('a.test')).body, 'a');

    // The files are read by a reload, and not by a change of objects.
    cluster.put(ingress('shop/web', { rules: [rule('a.test', 'Prefix / c:80')] }));
    servers.behave('c');
    await answers('a.test', 'c');
    await until(() => rig.moat.read(KEPT).includes('shop/c'), 'what is kept');
    await until(() => rig.moat.read(MEMBERS).includes(`${port('c')}`), 'its members');
    kept = { [KEPT]: rig.moat.read(KEPT), [MEMBERS]: rig.moat.read(MEMBERS) };
    assert.doesNotMatch(
      rig.moat.read() + rig.command('kubernetes', 'status', '--json').stdout,
      /PRIVATE KEY/,
    );
  }
  await ended.disposeAsync();
  rmSync(token);
  await using again = await startApi(http(), { files: kept });
  const { body } = await curl(
    `http://a.test:${again.sitePort}/`,
    '--resolve',
    `a.test:${again.sitePort}:127.0.0.1`,
  );
  assert.equal(body, 'c', 'routes and members of the last life');
  assert.match(again.command('kubernetes', 'status').stdout, /a\.test +1/);
  again.moat.reload(again.conf(http('hosts=b.test')));
  await until(() => /configuration 2 is in force/.test(again.moat.read()), 'the reload');
  const now = await curl(
    `http://a.test:${again.sitePort}/`,
    '--resolve',
    `a.test:${again.sitePort}:127.0.0.1`,
  );
  assert.equal(now.status, 404, 'what was kept heeds what is allowed now');
});
