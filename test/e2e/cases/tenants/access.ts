/** Requests to examples/tenants: passwords, addresses and client certificates. */
import type { Also, Case } from '../case.ts';
import { secure } from './secure.ts';

const OFFICE = { 'X-Forwarded-For': '10.20.1.1' };

const user = (name: string, password = name + name): NonNullable<Also['headers']> => ({
  Authorization: `Basic ${Buffer.from(`${name}:${password}`, 'latin1').toString('base64')}`,
});

const everyone = ['ann', 'ben', 'cat', 'dan', 'eve', 'fay', 'gil', 'hal'];

export const access: Case[] = secure('admin.acme.example', [
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
