/** Gateways with their routes: which listener takes them, which match goes first, what each filter becomes, and what is left out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gateway, grant, httpRoute, type Manifest, object, service } from './manifests.ts';
import { modelOf, planFor, Site } from './planned.ts';

const HTTP = { name: 'web', port: 80, protocol: 'HTTP' };
const EDGE = gateway('shop/edge', [HTTP]);
const SERVICES = ['a', 'b', 'c', 'd'].map(name => service(`shop/${name}`));
const to = (name: string, more: object = {}) => ({ name, port: 80, ...more });
const route = (
  name: string,
  rules: readonly object[],
  { day = 1, hostnames = ['a.test'], parent = {} as object } = {},
) => httpRoute(`shop/${name}`, { parentRefs: [{ name: 'edge', ...parent }], hostnames, rules }, day);
const site = (...manifests: Manifest[]) => new Site([...SERVICES, EDGE, ...manifests]);

test('matches: exact paths first, then the longest prefix, a method, more headers, more parameters, the oldest route, its name, its order', () => {
  const rows: readonly (readonly [first: object, second: object, request: object])[] = [
    [
      { path: { type: 'Exact', value: '/x' } },
      { path: { value: '/x' }, method: 'GET', headers: [{ name: 'h', value: '1' }] },
      {},
    ],
    [
      { path: { value: '/x' } },
      { path: { value: '/' }, method: 'GET', headers: [{ name: 'h', value: '1' }] },
      {},
    ],
    [
      { method: 'GET' },
      {
        headers: [
          { name: 'h', value: '1' },
          { name: 'i', value: '2' },
        ],
      },
      {},
    ],
    [
      {
        headers: [
          { name: 'h', value: '1' },
          { name: 'I', value: '2' },
        ],
      },
      {
        headers: [{ name: 'h', value: '1' }],
        queryParams: [
          { name: 'q', value: '1' },
          { name: 'r', value: '2' },
        ],
      },
      {},
    ],
    [
      { headers: [{ name: 'h', value: '1' }], queryParams: [{ name: 'q', value: '1' }] },
      { headers: [{ name: 'i', value: '2' }] },
      {},
    ],
    [
      {
        queryParams: [
          { name: 'q', value: '1' },
          { name: 'r', value: '2' },
        ],
      },
      { queryParams: [{ name: 'q', value: '1' }] },
      {},
    ],
  ];
  const request = { path: '/x', headers: { h: '1', i: '2' }, args: 'q=1&r=2' };
  assert.ok(rows.length > 5);
  for (const [first, second] of rows)
    for (const [day, other] of [
      [9, 1],
      [1, 9],
    ] as const) {
      const made = site(
        route('one', [{ matches: [first], backendRefs: [to('a')] }], { day }),
        route('two', [{ matches: [second], backendRefs: [to('b')] }], { day: other }),
      );
      assert.deepEqual(made.problems, []);
      assert.equal(made.answer(request), 'shop/a/http', JSON.stringify([first, second]));
    }
  const ruled = (name: string, target: string, day: number) =>
    route(name, [{ backendRefs: [to(target)] }], { day });
  assert.equal(site(ruled('one', 'a', 2), ruled('two', 'b', 1)).answer(request), 'shop/b/http', 'the oldest');
  assert.equal(
    site(ruled('two', 'a', 1), ruled('one', 'b', 1)).answer(request),
    'shop/b/http',
    'by its name',
  );
  const both = site(route('one', [{ backendRefs: [to('c')] }, { backendRefs: [to('d')] }]));
  assert.equal(both.answer(request), 'shop/c/http', 'the first rule');
});

test('matches: all words of one must hold, any of several is enough, and the next one is tried where one does not', () => {
  const made = site(
    route('one', [
      {
        matches: [
          { path: { value: '/v' }, method: 'POST', headers: [{ name: 'Version', value: '2' }] },
          { path: { value: '/v' }, queryParams: [{ name: 'v', value: 'two words' }] },
        ],
        backendRefs: [to('a')],
      },
      { matches: [{ path: { type: 'PathPrefix', value: '/v/' } }], backendRefs: [to('b')] },
    ]),
  );
  assert.equal(made.answer({ path: '/v/1', method: 'POST', headers: { version: '2' } }), 'shop/a/http');
  assert.equal(made.answer({ path: '/v/1', method: 'POST' }), 'shop/b/http');
  assert.equal(made.answer({ path: '/v', args: 'v=two+words' }), 'shop/a/http');
  assert.equal(made.answer({ path: '/v', args: 'w=1&v=two%20words&v=x' }), 'shop/a/http');
  assert.equal(made.answer({ path: '/v', args: 'v=x&v=two%20words' }), 'shop/b/http');
  assert.equal(made.answer({ path: '/vv' }), undefined);
});

test('regular expressions: refused, unless the configuration allows them; they hold for the whole, between exact paths and prefixes', () => {
  const manifests = [
    ...SERVICES,
    EDGE,
    route('one', [
      { matches: [{ path: { type: 'RegularExpression', value: '/a\\d+' } }], backendRefs: [to('a')] },
    ]),
    route('two', [
      {
        matches: [{ path: { value: '/a12' } }, { path: { type: 'Exact', value: '/a13' } }],
        backendRefs: [to('b')],
      },
    ]),
    route('three', [
      {
        matches: [{ headers: [{ name: 'x', type: 'RegularExpression', value: '(?<uri>a' }] }],
        backendRefs: [to('c')],
      },
    ]),
  ];
  const strict = new Site(manifests);
  assert.equal(strict.answer({ path: '/a12' }), 'shop/b/http');
  assert.equal(strict.problems.length, 2);
  assert.match(strict.problems[0]!, /one: .*does not allow \(allow_regex\)/);
  const free = new Site(manifests, modelOf('kubernetes https://k8s.test gateway_class=moat allow_regex'));
  assert.equal(free.answer({ path: '/a12' }), 'shop/a/http');
  assert.equal(free.answer({ path: '/a13' }), 'shop/b/http');
  assert.equal(free.answer({ path: '/a12x' }), undefined);
  assert.equal(free.problems.length, 1, 'the expression that is malformed');
});

test('weights: shares of requests, none for 0, and 500 for what cannot be sent to', () => {
  const made = site(
    route('one', [
      {
        matches: [{ path: { value: '/w' } }],
        backendRefs: [to('a', { weight: 3 }), to('b', { weight: 1 }), to('c', { weight: 0 })],
      },
      {
        matches: [{ path: { value: '/bad' } }],
        backendRefs: [to('none'), { name: 'a', port: 81 }, to('a', { kind: 'Bucket' })],
      },
      { matches: [{ path: { value: '/zero' } }], backendRefs: [to('a', { weight: 0 })] },
      { matches: [{ path: { value: '/nobody' } }] },
    ]),
  );
  const counts = new Map<string | undefined, number>();
  for (let n = 0; n < 4000; n++) {
    const answer = made.answer({ path: '/w' });
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }
  assert.deepEqual([...counts.keys()].sort(), ['shop/a/http', 'shop/b/http']);
  assert.ok(Math.abs(counts.get('shop/a/http')! / 4000 - 0.75) < 0.06, 'eight standard deviations');
  for (const path of ['/bad', '/zero', '/nobody']) assert.equal(made.answer({ path }), 'status 500', path);
  assert.equal(made.problems.length, 5);
});

test('listeners: hosts that both have, the narrowest listener alone, sections, ports, kinds and namespaces', () => {
  const listeners = [
    { ...HTTP, allowedRoutes: { namespaces: { from: 'All' } } },
    { ...HTTP, name: 'wild', hostname: '*.w.test' },
    {
      ...HTTP,
      name: 'one',
      hostname: 'x.w.test',
      allowedRoutes: {
        kinds: [{ kind: 'HTTPRoute' }],
        namespaces: { from: 'Selector', selector: { matchLabels: { edge: 'yes' } } },
      },
    },
    {
      ...HTTP,
      name: 'other',
      port: 8080,
      hostname: 'p.test',
      allowedRoutes: { kinds: [{ kind: 'GRPCRoute' }] },
    },
    { ...HTTP, name: 'tcp', protocol: 'TCP' },
  ];
  const namespace = {
    ...object('Namespace', 'team', {}),
    metadata: { name: 'team', labels: { edge: 'yes' } },
  };
  const made = new Site([
    ...SERVICES,
    service('team/t'),
    namespace,
    gateway('shop/edge', listeners),
    route('all', [{ backendRefs: [to('a')] }], { hostnames: [], parent: { sectionName: 'web' } }),
    route('wild', [{ backendRefs: [to('b')] }], {
      hostnames: ['*.w.test', '*.else.test'],
      parent: { sectionName: 'wild' },
    }),
    route('one', [{ backendRefs: [to('c')] }], { hostnames: ['x.w.test'], parent: { sectionName: 'one' } }),
    route('port', [{ backendRefs: [to('d')] }], { hostnames: ['p.test'], parent: { port: 8080 } }),
    route('far', [{ backendRefs: [to('d')] }], { hostnames: ['far.test'], parent: { port: 9 } }),
    httpRoute('team/t', {
      parentRefs: [{ namespace: 'shop', name: 'edge', sectionName: 'one' }],
      rules: [{ backendRefs: [to('t')] }],
    }),
  ]);
  assert.equal(made.answer({ host: 'any.test' }), 'shop/a/http');
  assert.equal(made.answer({ host: 'y.w.test' }), 'shop/b/http');
  assert.equal(made.answer({ host: 'z.y.w.test' }), 'shop/b/http');
  assert.equal(made.answer({ host: 'y.else.test' }), 'shop/a/http', 'a host that the listener does not have');
  assert.equal(made.answer({ host: 'x.w.test' }), 'team/t/http');
  assert.equal(made.answer({ host: 'p.test' }, 8080), undefined);
  assert.deepEqual(made.problems.map(text => text.replace(/"/g, '')).sort(), [
    'Gateway shop/edge: listeners[4]: the protocol TCP is not supported: HTTP and HTTPS are',
    'HTTPRoute shop/far: Gateway shop/edge has no such listener',
    'HTTPRoute shop/one: the listeners of Gateway shop/edge do not allow it',
    'HTTPRoute shop/port: the listeners of Gateway shop/edge do not allow it',
  ]);
});

test('other namespaces: a ReferenceGrant there lets a route name a Service, and nothing else does', () => {
  const rules = [{ backendRefs: [{ name: 'db', namespace: 'data', port: 80 }] }];
  const grants = [
    grant('data/g', { kind: 'HTTPRoute', namespace: 'shop' }, { kind: 'Service', name: 'db' }),
    grant('data/g', { kind: 'HTTPRoute', namespace: 'shop' }, { kind: 'Service' }),
    grant('data/g', { kind: 'HTTPRoute', namespace: 'evil' }, { kind: 'Service' }),
    grant('shop/g', { kind: 'HTTPRoute', namespace: 'shop' }, { kind: 'Service' }),
    grant('data/g', { kind: 'GRPCRoute', namespace: 'shop' }, { kind: 'Service' }),
    grant('data/g', { kind: 'HTTPRoute', namespace: 'shop' }, { kind: 'Secret', name: 'db' }),
    grant('data/g', { kind: 'HTTPRoute', namespace: 'shop' }, { kind: 'Service', name: 'other' }),
    object('ReferenceGrant', 'data/g', { spec: { from: 'all' } }),
  ];
  const answers = grants.map(one => site(service('data/db'), one, route('r', rules)).answer({}));
  assert.deepEqual(answers, ['data/db/http', 'data/db/http', ...Array<string>(6).fill('status 500')]);
});

test('filters: what is not known, or not for objects, answers 500 and is never skipped', () => {
  const change = (header: object) => ({
    type: 'RequestHeaderModifier',
    requestHeaderModifier: { set: [header] },
  });
  const rows: readonly (readonly [filter: object, reason: RegExp])[] = [
    [
      { type: 'ExtensionRef', extensionRef: { kind: 'Lua', name: 'x' } },
      /the filter ExtensionRef is not supported/,
    ],
    [{ type: 'constructor' }, /the filter constructor is not supported/],
    [change({ name: 'X-A', value: 'a\r\nX-B: b' }), /printable ASCII/],
    [change({ name: 'X A', value: 'a' }), /no name of a header/],
    [change({ name: 'Transfer-Encoding', value: 'chunked' }), /not for objects/],
    [change({ name: 'content-length', value: '0' }), /not for objects/],
    [change({ name: 'Host', value: 'x' }), /not for objects/],
    [{ type: 'RequestRedirect', requestRedirect: { hostname: 'a.test/x' } }, /is no host/],
    [{ type: 'RequestRedirect', requestRedirect: { scheme: 'javascript' } }, /neither http nor https/],
    [{ type: 'RequestRedirect', requestRedirect: { statusCode: 200 } }, /is none of 301/],
    [
      { type: 'URLRewrite', urlRewrite: { path: { type: 'ReplaceFullPath', replaceFullPath: '$uri?x' } } },
      /no path in its plain form/,
    ],
    [
      { type: 'RequestMirror', requestMirror: { backendRef: { name: 'a', port: 80 }, percent: 5 } },
      /cannot be mirrored/,
    ],
    [
      { type: 'RequestMirror', requestMirror: { backendRef: { name: 'x', namespace: 'data', port: 80 } } },
      /no ReferenceGrant/,
    ],
  ];
  assert.ok(rows.length > 10);
  for (const [filter, reason] of rows) {
    const made = site(
      route('r', [{ filters: [filter], backendRefs: [to('a')] }]),
      route('good', [{ matches: [{ path: { value: '/good' } }], backendRefs: [to('b')] }]),
    );
    assert.equal(made.answer({}), 'status 500', `${reason}`);
    assert.equal(made.answer({ path: '/good' }), 'shop/b/http');
    assert.match(made.problems.join(), reason);
  }
});

test('variables that objects write are text: no value of theirs is looked into', () => {
  const value = '$http_cookie ${uri}';
  const made = site(
    route('r', [
      {
        filters: [
          { type: 'ResponseHeaderModifier', responseHeaderModifier: { add: [{ name: 'X-A', value }] } },
        ],
        backendRefs: [to('a')],
      },
    ]),
  );
  assert.deepEqual(made.location({})?.settings.headers.added, [{ name: 'X-A', value, always: true }]);
});

test('GRPCRoutes: calls by service and method, over HTTP/2', () => {
  const made = site(
    object('GRPCRoute', 'shop/g', {
      spec: {
        parentRefs: [{ name: 'edge' }],
        rules: [
          { matches: [{ method: { service: 'shop.Cart', method: 'Add' } }], backendRefs: [to('a')] },
          { matches: [{ method: { service: 'shop.Cart' } }], backendRefs: [to('b')] },
        ],
      },
    }),
  );
  assert.deepEqual(made.problems, []);
  assert.equal(made.answer({ path: '/shop.Cart/Add', method: 'POST' }), 'shop/a/http');
  assert.equal(made.answer({ path: '/shop.Cart/Drop', method: 'POST' }), 'shop/b/http');
  assert.equal(made.answer({ path: '/shop.Carts/Drop', method: 'POST' }), undefined);
  assert.equal(made.location({ path: '/shop.Cart/Add' })?.settings.proxy.httpVersion, '2');
});

test('bounds: what one object, and all together, may bring; the older ones stay', () => {
  const matches = Array.from({ length: 256 }, (_, n) => ({ path: { value: `/${n}` } }));
  const rules = (count: number) => Array.from({ length: count }, () => ({ matches, backendRefs: [to('a')] }));
  const many = Array.from({ length: 5 }, (_, n) => route(`r${n}`, rules(19), { day: n + 1 }));
  const hosts = Array.from({ length: 64 }, (_, n) => `h${n}.test`);
  const more = [
    route('wide', rules(1), { hostnames: hosts }),
    route('long', [{ matches: [...matches, {}], backendRefs: [to('b')] }]),
    route('fat', [{ backendRefs: [{ ...to('b'), note: 'x'.repeat(300_000) }] }]),
    route('small', [{ backendRefs: [to('b')] }], { day: 9, hostnames: ['small.test'] }),
  ];
  const plan = planFor([...SERVICES, EDGE, ...many, ...more]);
  const routesOf = (host: string) => plan.hosts.find(one => one.host === host)?.routes.length;
  assert.equal(routesOf('a.test'), 4 * 19 * 256);
  assert.equal(routesOf('small.test'), 1);
  assert.deepEqual(plan.problems.map(({ object: name, reason }) => `${name}: ${reason}`).sort(), [
    'HTTPRoute shop/fat: it is longer than 256 KB',
    'HTTPRoute shop/long: rules[0].matches has more than 256 entries',
    'HTTPRoute shop/r4: all objects together have more than 20000 routes: it is left out',
    'HTTPRoute shop/wide: it makes 16384 routes, and 5000 are the most of one object',
  ]);
});
