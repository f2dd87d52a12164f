/** Ingresses: which of their paths answers, and what is left out of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ingress, object, rule, service } from './manifests.ts';
import { modelOf, Site } from './planned.ts';

const SERVICES = ['a', 'b', 'c'].flatMap(name => [service(`shop/${name}`), service(`evil/${name}`)]);
const site = (...manifests: Parameters<typeof ingress>[]) =>
  new Site([...SERVICES, ...manifests.map(one => ingress(...one))]);

test('Ingress paths: the rows of the table in the documents of Kubernetes', () => {
  // kubernetes.io/docs/concepts/services-networking/ingress/#examples: kind, paths, request, which of the paths.
  const rows: readonly (readonly [
    kinds: string,
    paths: string,
    request: string,
    found: string | undefined,
  ])[] = [
    ['Prefix', '/', '/any/path', 'a'],
    ['Exact', '/foo', '/foo', 'a'],
    ['Exact', '/foo', '/bar', undefined],
    ['Exact', '/foo', '/foo/', undefined],
    ['Exact', '/foo/', '/foo', undefined],
    ['Prefix', '/foo', '/foo', 'a'],
    ['Prefix', '/foo', '/foo/', 'a'],
    ['Prefix', '/foo/', '/foo', 'a'],
    ['Prefix', '/foo/', '/foo/', 'a'],
    ['Prefix', '/aaa/bb', '/aaa/bbb', undefined],
    ['Prefix', '/aaa/bbb', '/aaa/bbb', 'a'],
    ['Prefix', '/aaa/bbb/', '/aaa/bbb', 'a'],
    ['Prefix', '/aaa/bbb', '/aaa/bbb/', 'a'],
    ['Prefix', '/aaa/bbb', '/aaa/bbb/ccc', 'a'],
    ['Prefix', '/aaa/bbb', '/aaa/bbbxyz', undefined],
    ['Prefix Prefix', '/ /aaa', '/aaa/ccc', 'b'],
    ['Prefix Prefix', '/aaa /', '/aaa/ccc', 'a'],
    ['Prefix Prefix', '/aaa /', '/ccc', 'b'],
    ['Prefix', '/aaa', '/ccc', undefined],
    ['Exact Prefix', '/foo /foo', '/foo', 'a'],
    ['Prefix Exact', '/foo /foo', '/foo', 'b'],
    ['Prefix Prefix Prefix', '/ /aaa /aaa/bbb', '/aaa/bbb', 'c'],
    ['ImplementationSpecific', '/x', '/x/y', 'a'],
  ];
  assert.ok(rows.length > 20);
  for (const [kinds, paths, path, found] of rows) {
    const wanted = paths.split(' ');
    const texts = kinds.split(' ').map((kind, at) => `${kind} ${wanted[at]} ${'abc'[at]}:80`);
    const made = site(['shop/web', { rules: [rule('a.test', ...texts)] }]);
    assert.deepEqual(made.problems, []);
    const answer = made.answer({ path });
    assert.equal(answer, found && `shop/${found}/http`, `${kinds} ${paths}: ${path}`);
  }
});

test('Ingress hosts: a wildcard stands for one label, an exact host goes first, no host is for all others', () => {
  const made = site([
    'shop/web',
    {
      rules: [
        rule('*.foo.test', 'Prefix / a:80'),
        rule('www.foo.test', 'Prefix / b:80'),
        rule(undefined, 'Prefix / c:80'),
      ],
    },
  ]);
  assert.deepEqual(made.problems, []);
  assert.equal(made.answer({ host: 'x.foo.test' }), 'shop/a/http');
  assert.equal(made.answer({ host: 'www.foo.test' }), 'shop/b/http');
  assert.equal(made.answer({ host: 'y.x.foo.test' }), undefined);
  assert.equal(made.answer({ host: 'other.test' }), 'shop/c/http');
});

test('Ingress: a default backend answers what no path takes; a port has a name; who has no Service answers 503', () => {
  const made = site(
    [
      'shop/web',
      {
        rules: [rule('a.test', 'Exact /x a:http', 'Exact /y none:80', 'Exact /z a:81')],
        defaultBackend: { service: { name: 'b', port: { number: 80 } } },
      },
    ],
    ['shop/rest', { defaultBackend: { service: { name: 'c', port: { name: 'http' } } } }],
  );
  assert.equal(made.answer({ path: '/x' }), 'shop/a/http');
  assert.equal(made.answer({ path: '/other' }), 'shop/b/http');
  assert.equal(made.answer({ path: '/y' }), 'status 503');
  assert.equal(made.answer({ host: 'b.test' }), 'shop/c/http');
  assert.deepEqual(made.problems, [
    'Ingress shop/web: there is no Service "shop/none"',
    'Ingress shop/web: Service "shop/a" has no port 81',
  ]);
});

test('Ingress classes: by name, by the old annotation, by a controller, and the default one', () => {
  const rules = { rules: [rule('a.test', 'Prefix / a:80')] };
  const other = new Site([...SERVICES, ingress('shop/web', { ...rules, ingressClassName: 'nginx' })]);
  assert.equal(other.answer({}), undefined);
  assert.deepEqual(other.problems, [], 'it is somebody else’s');
  const old = object('Ingress', 'shop/web', { spec: rules });
  const noted = {
    ...old,
    metadata: { ...old.metadata, annotations: { 'kubernetes.io/ingress.class': 'moat' } },
  };
  assert.equal(new Site([...SERVICES, noted]).answer({}), 'shop/a/http');
  assert.equal(new Site([...SERVICES, old]).answer({}), undefined);
  const byController = modelOf('kubernetes https://k8s.test controller=example.net/moat');
  const theirs = object('IngressClass', 'edge', { spec: { controller: 'example.net/moat' } });
  const standard = {
    ...theirs,
    metadata: { ...theirs.metadata, annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
  };
  const edge = ingress('shop/web', { ...rules, ingressClassName: 'edge' });
  assert.equal(new Site([...SERVICES, theirs, edge], byController).answer({}), 'shop/a/http');
  assert.equal(new Site([...SERVICES, theirs, old], byController).answer({}), undefined);
  assert.equal(new Site([...SERVICES, standard, old], byController).answer({}), 'shop/a/http');
});

test('Ingress: of two namespaces the older Ingress has the host, unless hosts are shared', () => {
  const manifests = [
    ...SERVICES,
    ingress('evil/late', { rules: [rule('a.test', 'Exact /login a:80')] }, 9),
    ingress('shop/web', { rules: [rule('a.test', 'Prefix / a:80')] }, 1),
  ];
  const apart = new Site(manifests);
  assert.equal(apart.answer({ path: '/login' }), 'shop/a/http');
  assert.deepEqual(apart.problems, ['Ingress evil/late: the host "a.test" belongs to shop']);
  const together = new Site(manifests, modelOf('kubernetes https://k8s.test ingress_class=moat share_hosts'));
  assert.equal(together.answer({ path: '/login' }), 'evil/a/http');
  assert.equal(together.answer({ path: '/' }), 'shop/a/http');
});

test('objects that ask for what they may not have are left out, and the others stay', () => {
  const good = ingress('shop/good', { rules: [rule('good.test', 'Prefix / a:80')] });
  const bad: readonly (readonly [spec: object, reason: RegExp])[] = [
    [{ rules: [rule('a.test;return 200', 'Prefix / a:80')] }, /is no host/],
    [{ rules: [rule('a.test\n', 'Prefix / a:80')] }, /is no host/],
    [
      { rules: [{ host: 'a.test', http: { paths: [{ path: '/x { return 200; }', pathType: 'Prefix' }] } }] },
      /no path in its plain form/,
    ],
    [{ rules: [rule('a.test', 'Prefix /a/../b a:80')] }, /no path in its plain form/],
    [{ rules: [rule('a.test', 'Prefix /a%0d%0ab a:80')] }, /control characters/],
    [{ rules: [rule('a.test', 'Regex /a a:80')] }, /pathType "Regex" is none/],
    [{ rules: 'all' }, /spec.rules is no list/],
    [{ rules: [{ host: 7 }] }, /host is no text/],
    [{ defaultBackend: { resource: { kind: 'Bucket' } } }, /only Services are supported/],
    [{}, /neither rules nor a default backend/],
    [{ rules: [rule('a.test', 'Prefix / out:80')] }, /Service "shop\/out" is an ExternalName/],
    [{ rules: [rule('a.test', 'Prefix / udp:53')] }, /is not TCP/],
    [{ rules: [rule('a.test', 'Prefix / tls:443')] }, /wants TLS/],
    [
      { rules: [rule('a.test', 'Prefix / a:80')], tls: [{ hosts: ['a.test'], secretName: 'none' }] },
      /there is no Secret "shop\/none"/,
    ],
  ];
  const more = [
    service('shop/out', [{ port: 80 }], { type: 'ExternalName', externalName: 'db.internal' }),
    service('shop/udp', [{ port: 53, protocol: 'UDP' }]),
    service('shop/tls', [{ port: 443, appProtocol: 'https' }]),
  ];
  for (const [spec, reason] of bad) {
    const made = new Site([...SERVICES, ...more, good, ingress('shop/bad', spec, 2)]);
    assert.equal(made.problems.length, 1, `${reason}: ${made.problems}`);
    assert.match(made.problems[0]!, reason);
    assert.equal(made.answer({ host: 'good.test' }), 'shop/a/http');
    const answer = made.answer({});
    assert.ok(answer === undefined || answer === 'status 503' || /Secret/.test(`${reason}`), `${answer}`);
  }
});

test('what the operator has is not for objects: hosts of his servers, and hosts that he does not allow', () => {
  const mine =
    'server { listen 80; server_name admin.test *.corp.test; } server { listen 80; server_name ~^db\\d; }';
  const http = modelOf('kubernetes https://k8s.test ingress_class=moat', 'listen 80; listen 8080;', mine);
  const hosts = ['admin.test', 'x.corp.test', '*.y.corp.test', 'db1.test', 'ok.test'];
  const made = new Site(
    [...SERVICES, ingress('shop/web', { rules: hosts.map(host => rule(host, 'Prefix / a:80')) })],
    http,
  );
  assert.deepEqual(
    hosts.map(host => [made.answer({ host }) !== undefined, made.answer({ host }, 8080) !== undefined]),
    [
      [false, true],
      [false, true],
      [false, true],
      [false, true],
      [true, true],
    ],
  );
  assert.equal(made.graftProblems.length, 4);
  assert.match(made.graftProblems[0]!, /host admin.test: a server block of the configuration has it/);
  const few = new Site(
    [...SERVICES, ingress('shop/web', { rules: hosts.map(host => rule(host, 'Prefix / a:80')) })],
    modelOf('kubernetes https://k8s.test ingress_class=moat hosts=ok.test,*.y.corp.test'),
  );
  assert.deepEqual(
    hosts.map(host => few.answer({ host: host.replace('*', 'z') }) !== undefined),
    [false, false, true, false, true],
  );
  assert.match(few.problems[0]!, /none of those that the configuration allows/);
});
