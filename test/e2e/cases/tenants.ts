/** Requests for examples/tenants. */
import { echoServer } from '../echo.ts';
import { type Also, type Case, each, type Site } from './case.ts';

const OFFICE = { 'X-Forwarded-For': '10.20.1.1' };

/** The same cases over TLS, with the Host as the name in the greeting unless told. */
const secure = (host: string, cases: readonly Case[]): Case[] =>
  cases.map(
    ([status, ask, also]) => [status, ask, { to: 8443, host, ...also, tls: { ...also?.tls } }] as const,
  );

const user = (name: string, password = name + name): NonNullable<Also['headers']> => ({
  Authorization: `Basic ${Buffer.from(`${name}:${password}`, 'latin1').toString('base64')}`,
});

const plain: Case[] = [
  ...[
    'acme.example',
    'x.acme.example',
    'globex.example',
    'initech.de',
    'initech.co.uk',
    'ACME.example:80',
  ].map(host => [301, 'GET /a%20b?c=d', { host }] as const),
  ...['none.example', 'acme.example.org', 'xacme.example', 'www.initech.de'].map(
    host => [404, 'GET /a', { host }] as const,
  ),
  [301, 'GET /', { host: 'acme.example.' }],
  [404, 'GET /', { host: null, version: '1.0' }],
  [200, 'GET /.well-known/acme-challenge/token', { host: 'none.example' }],
  [404, 'GET /.well-known/acme-challenge/none', { host: 'none.example' }],
  [301, 'POST /a', { host: 'acme.example', body: 'x' }],
  [400, 'GET /a', { to: 8443, host: 'acme.example' }],
];

const names: Case[] = [
  ...secure('acme.example', each(200, 'GET', ['/whoami', '/', '/a?b=c'])),
  ...secure('shop.acme.example', [
    [200, 'GET /whoami'],
    [200, 'GET /whoami', { tls: { max: 'TLSv1.2' } }],
  ]),
  ...secure('deep.shop.acme.example', [[200, 'GET /whoami']]),
  ...secure('initech.de', each(200, 'GET', ['/', '/x'])),
  ...secure('initech.co.uk', [[200, 'GET /']]),
  ...secure('www.initech.de', [[421, 'GET /']]),
  ...secure('unknown.example', [
    [421, 'GET /'],
    [421, 'POST /x', { body: 'y' }],
  ]),
  ...secure('ann.pro.hosting.example', [
    [200, 'GET /'],
    [200, 'GET /plan'],
    [200, 'GET /files/own.txt'],
    [404, 'GET /files/other.txt'],
    [200, 'HEAD /files/own.txt'],
  ]),
  ...secure('ben.free.hosting.example', [
    [200, 'GET /plan'],
    [200, 'GET /files/own.txt'],
    [200, 'POST /x', { body: 'abc' }],
  ]),
  ...secure('ben.gold.hosting.example', [[421, 'GET /plan']]),
  ...secure('acme.example', [
    [200, 'GET /whoami', { host: 'x.acme.example', tls: { sni: 'acme.example' } }],
    [421, 'GET /', { host: 'other.example', tls: { sni: 'acme.example' } }],
    [200, 'GET /whoami', { tls: { sni: '' } }],
    [200, 'GET /whoami', { tls: { sni: 'unknown.example' } }],
    [200, 'GET /whoami', { tls: { ciphers: 'ECDHE-RSA-AES128-GCM-SHA256', max: 'TLSv1.2' } }],
    [200, 'GET /whoami', { tls: { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384', max: 'TLSv1.2' } }],
    [0, 'GET /whoami', { tls: { ciphers: 'AES128-SHA', max: 'TLSv1.2' } }],
    [200, 'GET /whoami', { version: '1.0' }],
    [400, 'GET /whoami', { host: null }],
  ]),
];

const agents = [
  '',
  'curl/7.88.1',
  'curl/x',
  'Googlebot/2.1',
  'Mozilla/5.0 (iPhone) Mobile',
  'Mozilla/5.0',
  'a SPIDER',
  'Curl/8',
];

const maps: Case[] = [
  ...secure(
    'acme.example',
    agents.map(agent => [200, 'GET /whoami', { headers: { 'User-Agent': agent } }] as const),
  ),
  ...secure(
    'acme.example',
    each(200, 'GET', ['/static/site.css', '/static/site.js', '/static/picture.png', '/static/live']),
  ),
  ...secure('acme.example', each(404, 'GET', ['/static/none.css', '/static/none'])),
  ...secure('acme.example', each(301, 'GET', ['/static/sub'])),
  ...secure('acme.example', each(403, 'GET', ['/static/', '/static/sub/'])),
  ...secure(
    'acme.example',
    ['POST', 'PUT', 'HEAD'].map(method => [200, `${method} /anything`, { body: '' }] as const),
  ),
  ...secure('initech.de', each(200, 'PUT', ['/'], { body: 'x' })),
  ...secure(
    'acme.example',
    [
      '192.0.2.1',
      '10.1.2.3',
      '10.20.30.40',
      '10.20.30.41',
      '8.8.8.8',
      '2001:db8::7',
      '::1',
      'nonsense',
      '192.0.2.1, 10.1.1.1',
      '8.8.8.8, 192.0.2.1, 10.1.1.1',
      '10.0.0.1',
      ' 192.0.2.9 ',
      '192.0.2.1:4711',
      '[2001:db8::7]:443',
      '',
    ].map(address => [200, 'GET /geo', { headers: { 'X-Forwarded-For': address } }] as const),
  ),
  ...secure('acme.example', [
    [200, 'GET /whoami', { headers: { 'X-Forwarded-For': ['8.8.8.8', '192.0.2.1'] } }],
  ]),
  ...secure(
    'acme.example',
    each(
      200,
      'GET',
      ['198.51.100.0', '198.51.100.127', '198.51.100.128', '198.51.101.0', 'x', ''].map(
        ip => `/geo?ip=${ip}`,
      ),
    ),
  ),
  ...secure(
    'acme.example',
    each(
      200,
      'GET',
      Array.from({ length: 24 }, (_, at) => `/geo?user=${'user'.slice(0, at % 5)}${at * 7}`),
    ),
  ),
];

const captures: Case[] = [
  ...secure('acme.example', [
    ...each(200, 'GET', [
      '/users/12',
      '/users/12/edit',
      '/users/12/edit?x=%20',
      '/users/12/',
      '/users/ann',
      '/users/1/2',
    ]),
    ...each(200, 'GET', [
      '/regions/DE/north',
      '/REGIONS/fr/a%20b?x=1',
      '/Regions/fra/x',
      '/regions/uk/%C3%A9/%3F',
    ]),
    ...each(200, 'GET', [
      '/versions/v2/things/7?a=b',
      '/versions/v2/things/a%20b',
      '/versions/vx/y',
      '/versions/v3/',
    ]),
    [
      200,
      'POST /users/3/save',
      { body: '{"a":1}', headers: { 'Content-Type': 'application/json', 'X-User': 'forged' } },
    ],
    [200, 'GET /a%2Fb/../c//d?e', {}],
    [
      200,
      'GET /a',
      {
        headers: {
          'X-Forwarded-For': '192.0.2.44',
          'X-Real-IP': '1.2.3.4',
          'X-Tenant': 'forged',
          'X-Forwarded-Proto': 'http',
        },
      },
    ],
  ]),
  ...secure('www.globex.example', [
    ...each(200, 'GET', ['/', '/a', '/?x=y']),
    [403, 'GET /internal/a'],
    [200, 'GET /internal/a', { headers: { 'X-Forwarded-For': '10.1.1.1' } }],
    [403, 'GET /a', { headers: { 'User-Agent': 'badbot' } }],
    [403, 'POST /a', { body: 'x', headers: { 'User-Agent': 'badbot' } }],
    [200, 'GET /refused.txt'],
  ]),
  ...secure('globex.example', [
    [302, 'GET /'],
    [200, 'GET /a'],
    [302, 'GET /?q=1'],
  ]),
  ...secure('beta.globex.example', [
    [200, 'GET /a'],
    [302, 'GET /'],
  ]),
];

const everyone = ['ann', 'ben', 'cat', 'dan', 'eve', 'fay', 'gil', 'hal'];

const access: Case[] = secure('admin.acme.example', [
  [401, 'GET /'],
  ...everyone.map(name => [200, 'GET /', { headers: user(name) }] as const),
  ...everyone.map(name => [401, 'GET /', { headers: user(name, 'wrong') }] as const),
  ...[
    'Basic',
    'Basic ',
    'Basic !!!',
    'Basic YW5u',
    'Bearer x',
    'basic YW5uOmFubmFubg==',
    'Basic  YW5uOmFubmFubg==',
    'Basic YW5uOmFubmFubg',
  ].map(
    Authorization =>
      [
        Authorization.startsWith('basic') || / {2}|Fubg$/.test(Authorization) ? 200 : 401,
        'GET /',
        { headers: { Authorization } },
      ] as const,
  ),
  [401, 'GET /', { headers: user('nobody') }],
  [401, 'GET /', { headers: user('ann', '') }],
  [401, 'POST /', { body: 'secret' }],
  [200, 'GET /open/x'],
  [401, 'GET /either/index.html'],
  [200, 'GET /either/index.html', { headers: OFFICE }],
  [200, 'GET /either/index.html', { headers: user('ann') }],
  [403, 'GET /both/index.html', { headers: user('ann') }],
  [401, 'GET /both/index.html', { headers: OFFICE }],
  [200, 'GET /both/index.html', { headers: { ...OFFICE, ...user('ann') } }],
  [200, 'GET /both/index.html', { headers: { 'X-Forwarded-For': '2001:db8::1', ...user('ann') } }],
  [403, 'GET /both/index.html', { headers: { 'X-Forwarded-For': '10.20.30.40', ...user('ann') } }],
  [200, 'GET /read-only/index.html', { headers: user('ann') }],
  [200, 'HEAD /read-only/index.html', { headers: user('ann') }],
  [403, 'POST /read-only/index.html', { headers: user('ann'), body: 'x' }],
  [401, 'GET /read-only/index.html'],
  [403, 'GET /certificate'],
  [200, 'GET /certificate', { tls: { certificate: 'client' } }],
  [200, 'GET /certificate', { tls: { certificate: 'client', max: 'TLSv1.2' } }],
  [403, 'GET /certificate', { host: 'admin.acme.example', tls: { sni: 'unknown.example' } }],
]);

export const TENANTS: Site = {
  folder: 'tenants',
  host: 'acme.example',
  listeners: [8080, 8443],
  servers: { 3011: echoServer('one'), 3012: echoServer('two'), 3013: echoServer('three') },
  groups: { plain, names, maps, captures, access },
};
