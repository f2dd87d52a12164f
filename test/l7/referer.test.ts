/** valid_referers, asked side by side with nginx. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTwins } from './twins.ts';

const judged = (referers: string, more = '') =>
  `${more} location / { valid_referers ${referers}; return 200 "[$invalid_referer]"; }`;

const SERVERS: Readonly<Record<string, string>> = {
  unjudged: 'location / { if ($invalid_referer) { return 403; } return 200 fine; }',
  hosts: judged('a.example .b.example *.c.example www.d.* a2.example/shop *.e.example/x'),
  none: judged('none a.example'),
  blocked: judged('blocked a.example'),
  names: judged('server_names', 'server_name names.example *.more.example ~^(?<sub>x\\d)\\.example$;'),
  below: `location / { valid_referers server_names; return 200 "[$invalid_referer]"; } server_name below.example;`,
  regex: judged('~^a\\.example/(one|two) ~\\.f\\.example ~xx$'),
  inherited: 'valid_referers a.example; location / { return 200 "[$invalid_referer]"; }',
  added:
    'location / { valid_referers a.example; valid_referers none .b.example; return 200 "[$invalid_referer]"; }',
};

const REFERERS = [
  undefined,
  '',
  '-',
  'nonsense that is long enough',
  'ftp://a.example/',
  'http://a.ex',
  'http://a.example',
  'HTTP://A.EXAMPLE/x',
  'https://a.example:8080/x',
  'https://a.example.evil/',
  'http://b.example/',
  'http://x.y.b.example',
  'http://c.example',
  'http://x.c.example',
  'http://www.d.org',
  'http://www.d.org.evil/',
  'http://a2.example/shop/1',
  'http://a2.example:81/shop',
  'http://a2.example/sho',
  'http://a2.example',
  'http://x.e.example/x',
  'http://x.e.example/y',
  'http://names.example/',
  'http://x.more.example/',
  'http://x1.example/',
  'http://X1.Example/path',
  'http://below.example/',
  'http://a.example/one',
  'http://A.example/TWO',
  'http://a.example/three',
  'https://q.f.example',
  ...[242, 243, 244, 300].map(bytes => `http://${'x'.repeat(bytes)}.b.example/`),
  ...[256, 257].map(bytes => `http://${'x'.repeat(bytes)}`),
];

test('valid_referers: each Referer is judged as under nginx', async t => {
  await using twins = await startTwins(SERVERS);
  for (const host of Object.keys(SERVERS)) {
    await t.test(host, async () => {
      for (const referer of REFERERS) {
        const ask = { headers: referer === undefined ? {} : { Referer: referer } };
        const { nginx, moat } = await twins.ask(host === 'names' ? 'names.example' : host, ask);
        assert.equal(`${referer} ${moat}`, `${referer} ${nginx}`);
      }
    });
  }
});
