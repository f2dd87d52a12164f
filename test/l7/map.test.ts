/** `map`, asked side by side with nginx: look-ups × keys, every answer the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTwins } from './twins.ts';

const MAPS = `
map $arg_k $plain { default d; a 1; "" empty; B 2; \\default esc; "two words" 3; \\~tilde t; x$y dollar; caf\xc9 latin; }
map $arg_k $none { a 1; }
map $arg_k $pattern { default "[$1]"; ~^a(.)$ "one $1"; ~*^A(?<tail>.*)$ "two $tail"; ~b three; "abc" exact; }
map $arg_k $hosts { hostnames; default d; example.org exact; *.example.org star; .example.net dot; www.example.* tail; *.b.example.org deep;
  www.example.com.* longtail; ~^re\\. regex; "" empty; }
map $arg_k $late { *.early plain; hostnames; default d; *.late wild; }
map "$arg_k-$arg_l" $joined { a-b ab; default "$arg_l-$arg_k"; }
map $arg_k $chained { default $plain; b $pattern$none; }
map $arg_k $once { default $arg_l; }
map $arg_k $each { volatile; default $arg_l; }
map $left $right { default "r$left"; }
map $right $left { default "l$right"; }
map $arg_k $twice { default first; }
map $arg_k $twice { default second; }
`;

const NAMES = ['plain', 'none', 'pattern', 'hosts', 'late', 'joined', 'chained', 'twice'];
const KEYS = [
  '',
  'a',
  'A',
  'b',
  'B',
  'ab',
  'Abcd',
  'abc',
  'ABC',
  'xbx',
  'default',
  '~tilde',
  'two words',
  'hostnames',
  'caf\xc9',
  'caf\xe9',
];
const HOSTS =
  'example.org EXAMPLE.org example.org. www.example.org a.b.example.org b.example.org .example.org example.net x.example.net x.y.example.net www.example.de www.example.com.de www.example. www.example re.x x.re.x a..example.org'.split(
    ' ',
  );

const show = `return 200 "${NAMES.map(name => `${name}=$${name}`).join(' ')}";`;

test('map: every key is looked up as under nginx', async () => {
  await using twins = await startTwins({ all: `location / { set $y 1; ${show} }` }, MAPS);
  for (const key of [...KEYS, ...HOSTS]) {
    for (const args of [`k=${key}`, `k=${key}&l=b`]) {
      const ask = { path: `/?${args.replaceAll(' ', '%20')}` };
      const { nginx, moat } = await twins.ask('all', ask);
      assert.equal(`${key}: ${moat}`, `${key}: ${nginx}`);
    }
  }
});

test('map: captures, caching, volatility and what set does to a mapped variable are those of nginx', async () => {
  await using twins = await startTwins(
    {
      captures: `location ~ ^/(.*)$ { return 200 "$pattern $1 $tail"; }`,
      cached: `set $a "$once $each"; rewrite ^ /x?k=2&l=new?; location / { return 200 "$a $once $each"; }`,
      written: `location / { set $plain mine; set $each mine; return 200 "$plain $each $chained"; }`,
      circle: `location / { return 200 "$left-$right"; }`,
      named: `location / { rewrite ^/(?<plain>.*)$ /y break; return 200 "$plain"; }`,
    },
    MAPS,
  );
  for (const [host, path] of [
    ['captures', '/q?k=ax'],
    ['captures', '/q?k=none'],
    ['captures', '/q?k=Apple'],
    ['cached', '/?k=1&l=old'],
    ['written', '/?k=a&l=x'],
    ['named', '/z?k=a'],
  ] as const) {
    const { nginx, moat } = await twins.ask(host, path);
    assert.equal(`${host} ${path} ${moat}`, `${host} ${path} ${nginx}`);
  }
  const { moat } = await twins.ask('circle', '/');
  assert.match(moat, /^200 .*\| [lr]+-[lr]+$/);
});
