/** `geo` and `split_clients`, asked side by side with nginx. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePorts, httpConf, startMoat } from '../e2e/rig.ts';
import { request } from '../e2e/wire.ts';
import { startTwins } from './twins.ts';
import { draw, seeded } from './zone/random.ts';

const GEOS = `
geo $arg_a $nets { default d; 10.0.0.0/8 ten; 10.1.0.0/16 tenone; 10.1.2.3 host; 2001:db8::/32 six; 2001:db8:1::/48 sixone; ::/1 low;
  192.0.2.0/24 gone; delete 192.0.2.0/24; 198.51.100.0/24 twice; 198.51.100.0/24 again; 255.255.255.255 nowhere; 172.16.0.0/12 $arg_a; }
geo $arg_a $bare { 10.0.0.0/8 ten; ::1/128 loop; }
geo $arg_a $spans { ranges; default d; 10.0.0.0-10.0.255.255 a; 10.0.1.0-10.0.1.255 b; 10.0.1.10-10.0.1.10 c; 10.0.2.0-10.0.2.9 e; 10.0.2.0-10.0.2.3 f;
  10.0.2.8-10.0.2.9 g; 10.1.0.0-10.3.255.255 wide; 10.2.0.0-10.2.255.255 whole; delete 10.0.1.10-10.0.1.10; delete 10.3.0.0-10.3.255.255; 0.0.0.0-0.0.0.5 zero;
  255.255.255.250-255.255.255.254 top; }
geo $arg_a $bareSpans { ranges; 10.0.0.0-10.0.0.255 a; }
geo $client { default other; 127.0.0.0/8 local; }
geo $behind { default d; proxy 127.0.0.1; proxy 10.0.0.0/8; 192.0.2.0/24 doc; 10.0.0.0/8 ten; 127.0.0.1 local; 2001:db8::/32 six; }
geo $farBehind { default d; proxy 127.0.0.1; proxy 10.0.0.0/8; proxy_recursive; 192.0.2.0/24 doc; 10.0.0.0/8 ten; 127.0.0.1 local; 2001:db8::/32 six; }
geo $arg_a $kept { default d; 10.0.0.0/8 ten; }
`;

const ADDRESSES =
  '10.0.0.1 10.1.0.1 10.1.2.3 10.1.2.4 11.0.0.0 9.255.255.255 192.0.2.7 198.51.100.1 172.16.0.1 255.255.255.255 0.0.0.0 0.0.0.5 0.0.0.6 ::1 :: 2001:db8::1 2001:db8:1::1 2001:db9::1 ffff::1 ::ffff:10.1.2.3 x 10.0.0 10.0.1.0 10.0.1.10 10.0.1.11 10.0.2.0 10.0.2.3 10.0.2.4 10.0.2.8 10.0.3.0 10.1.0.0 10.2.0.5 10.3.0.5 255.255.255.251 010.001.002.003 1.2.3.4:80'.split(
    ' ',
  );

const FORWARDED: readonly (readonly string[])[] = [
  [],
  ['192.0.2.1'],
  ['192.0.2.1, 10.0.0.1'],
  ['192.0.2.1, 10.0.0.1, 10.0.0.2'],
  ['198.51.100.1, 192.0.2.1,10.0.0.1 '],
  ['192.0.2.1,, 10.0.0.1,'],
  ['192.0.2.1:8080'],
  ['192.0.2.1:0'],
  ['192.0.2.1:99999'],
  ['[2001:db8::1]:80'],
  ['[2001:db8::1]'],
  ['2001:db8::1'],
  ['nonsense'],
  ['192.0.2.1, nonsense'],
  ['192.0.2.1, nonsense, 10.0.0.1'],
  ['192.0.2.1', '10.0.0.1'],
  ['192.0.2.1', '10.0.0.1, 10.0.0.2'],
  ['192.0.2.1', 'nonsense'],
  ['10.0.0.1', '192.0.2.1'],
  [','],
  ['10.0.0.9, 10.0.0.1'],
];

test('geo: every address is found as under nginx', async () => {
  const show = 'return 200 "$nets $bare $spans $bareSpans $client";';
  await using twins = await startTwins({ all: `location / { ${show} }` }, GEOS);
  for (const address of ['', ...ADDRESSES]) {
    const { nginx, moat } = await twins.ask('all', `/?a=${address}`);
    assert.equal(`${address} ${moat}`, `${address} ${nginx}`);
  }
});

test('geo: addresses behind trusted proxies are followed as under nginx', async () => {
  await using twins = await startTwins({ all: 'location / { return 200 "$behind $farBehind"; }' }, GEOS);
  for (const lines of FORWARDED) {
    const { nginx, moat } = await twins.ask('all', { headers: { 'X-Forwarded-For': lines } });
    assert.equal(`${lines} ${moat}`, `${lines} ${nginx}`);
  }
});

test('geo: the value is kept for the request, and with volatile it is not', async () => {
  const [port = 0] = await freePorts(1);
  const fresh = 'geo $arg_a $fresh { volatile; default d; 10.0.0.0/8 ten; }';
  const program =
    'set $a "$kept $fresh"; rewrite ^ /?a=10.0.0.1?; location / { return 200 "$a $kept $fresh"; }';
  // Debian's nginx does not know `volatile` here yet.
  await using _moat = await startMoat(
    httpConf(`${GEOS} ${fresh} server { listen 127.0.0.1:${port}; ${program} }`),
  );
  assert.equal((await request(port, { path: '/?a=1.1.1.1' })).body, 'd d d ten');
});

const SPLITS = `
split_clients $arg_k $a { 0.5% one; 20% two; 0.01% three; 33.33% four; * rest; }
split_clients "$arg_k salt" $b { 50% left; 50% right; }
split_clients $arg_k $c { 10% ten; .5% half; 1.% whole; }
split_clients $arg_k $d { * all; }
`;

test('split_clients: each client falls to the part that nginx gives it', async () => {
  await using twins = await startTwins({ all: 'location / { return 200 "$a $b $c $d"; }' }, SPLITS);
  const random = seeded(3);
  for (let round = 0; round < 150; round++) {
    const key = Array.from({ length: draw(random, 12) }, () => draw(random, 16).toString(16)).join('');
    const { nginx, moat } = await twins.ask('all', `/?k=${key}`);
    assert.equal(`${key} ${moat}`, `${key} ${nginx}`);
  }
});
