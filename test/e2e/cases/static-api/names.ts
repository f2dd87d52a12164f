/** Requests to examples/static-api: odd paths and hosts. */
import { type Case, each } from '../case.ts';

export const paths: Case[] = [
  ...each(200, 'GET', [
    '/%61bout.html',
    '/./about.html',
    '/blog/../about.html',
    '//about.html',
    '/about.html?',
    '/about.html?a=1&b',
  ]),
  ...each(200, 'GET', [
    '/blog//index.html',
    '/a/b/../../about.html',
    '/blog/./',
    '/blog/%2e%2e/about.html',
    '/about.html#part',
  ]),
  ...each(200, 'GET', [
    '/caf%C3%A9%20menu.html',
    '/caf\xc3\xa9%20menu.html',
    '/%2fabout.html',
    '/about%2ehtml',
    '///',
  ]),
  ...each(400, 'GET', [
    '/../about.html',
    '/%2e%2e/etc/passwd',
    '/a/../../b',
    '/%00',
    '/a%00b',
    '/%zz',
    '/%',
    '/%4',
    '/blog/%2e%2e/%2e%2e/x',
  ]),
  ...each(404, 'GET', [
    '/about.html/',
    '/ABOUT.html',
    '/about.html%20',
    '/about.html%3Fx',
    '/caf%E9%20menu.html',
    '/%25',
    '/a%5c..%5cb',
    '/about.html;x',
  ]),
  ...each(400, 'GET', ['about.html', '*', '', 'http:/about.html', '?x']),
  ...each(404, 'GET', ['/a...', '/a/b..', '/+', '/~x', '/a&b', '/|', '/{x}', '/"', '/<x>', '/^']),
  [200, 'GET http://shop.example/about.html', { host: 'other.example' }],
  [400, 'GET HTTP://SHOP.EXAMPLE/about.html?x=1', { host: null }],
  [200, 'GET HTTP://SHOP.EXAMPLE/about.html?x=1', { host: 'x' }],
  [200, 'GET http://shop.example:99/tell?full', { host: 'shop.example' }],
  [404, `GET /${'long/'.repeat(150)}`],
  [414, `GET /${'x'.repeat(5000)}`],
  [404, `GET /q?${'y'.repeat(3000)}`],
];

export const hosts: Case[] = [
  ...['www.shop.example', 'SHOP.Example', 'shop.example.', 'shop.example:8080', 'shop.example:'].map(
    host => [200, 'GET /tell?a=1', { host }] as const,
  ),
  ...['other.example', 'x.shop.example', '127.0.0.1', '[::1]', '-'].map(
    host => [0, 'GET /', { host }] as const,
  ),
  ...['shop.example/x', 'shop..example', 'shop example', '', 'shop.example\x00'].map(
    host => [400, 'GET /tell', { host }] as const,
  ),
  [400, 'GET /', { host: null }],
  [0, 'GET /', { host: null, version: '1.0' }],
  [400, 'GET /', { host: null, headers: { Host: ['shop.example', 'shop.example'] } }],
  ...['old.shop.example', 'a.old-shop.example', 'a.b.old-shop.example'].map(
    host => [301, 'GET /x/y?z=1', { host }] as const,
  ),
  [301, 'GET /a%20b/%C3%A9?q=%20', { host: 'old.shop.example' }],
  [0, 'GET /', { host: 'old-shop.example' }],
  [301, 'GET /catalogue/K1.html?x=1', { host: 'old.shop.example' }],
  [302, 'GET /catalogue/deep/K1?x=1', { host: 'old.shop.example' }],
  [302, 'GET /catalogue', { host: 'old.shop.example' }],
  [410, 'GET /gone', { host: 'old.shop.example' }],
  [307, 'POST /moved-for-now?a=1', { host: 'old.shop.example', body: 'x' }],
  [302, 'GET /plain', { host: 'old.shop.example' }],
  [200, 'GET /logo.svg', { host: 'img.anything.example' }],
  [200, 'GET /logo.svg', { host: 'small.img.shop.example' }],
  [200, 'GET /none', { host: 'large.img.shop.example' }],
  [200, 'GET //logo.svg', { host: 'img.x' }],
  [0, 'GET /logo.svg', { host: 'medium.img.shop.example' }],
];
