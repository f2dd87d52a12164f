/** Requests to examples/tenants: maps, networks, captures and what they decide. */
import { type Case, each } from '../case.ts';
import { secure } from './secure.ts';

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

export const maps: Case[] = [
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

export const captures: Case[] = [
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
