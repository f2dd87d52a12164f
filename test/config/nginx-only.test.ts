/** What moat says of nginx's directives that it does not implement. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DIRECTIVES } from '../../config/directives/table.ts';
import { HTTP_ONLY } from '../../config/nginx-only/http.ts';
import { NGINX_ONLY } from '../../config/nginx-only/nginx-only.ts';
import { OTHER_ONLY } from '../../config/nginx-only/other.ts';
import { STREAM_AND_MAIL_ONLY } from '../../config/nginx-only/stream-mail.ts';
import { TO_SERVERS_ONLY } from '../../config/nginx-only/to-servers.ts';
import { checkText, faultsOf } from './check-text.ts';
import { NGINX_NAMES } from './nginx-names.ts';

test('nginx-only: no directive that moat implements is listed', () => {
  const both = [...NGINX_ONLY.keys()].filter(name => DIRECTIVES.has(name));
  assert.deepEqual(both, [], `moat implements ${both.join(', ')}: take it out of config/nginx-only/*.ts`);
});

test('nginx-only: every name is one, listed once, with a hint in the form of hints', () => {
  assert.ok(NGINX_ONLY.size > 400, `${NGINX_ONLY.size}`);
  for (const [name, { hint }] of NGINX_ONLY) {
    assert.match(name, /^[a-z][a-z0-9_]+$/);
    assert.match(hint, /^[a-z0-9`/].*[^.]$/s, name);
  }
  const tables = [HTTP_ONLY, OTHER_ONLY, STREAM_AND_MAIL_ONLY, TO_SERVERS_ONLY];
  const names = tables.flat().flatMap(([row]) => row.split(/\s+/));
  assert.equal(names.length, NGINX_ONLY.size, 'a name is listed twice');
});

test('nginx-only: a block of nginx that moat does not have is told once, whatever stands inside', () => {
  const text =
    'stream { upstream a { server b:1; } server { listen 1; proxy_pass a; proxy_timeout 1s; nonsense; } }';
  assert.deepEqual(faultsOf(checkText(text)), [
    '1:1 not-implemented: "stream" is a directive of nginx that moat does not implement',
  ]);
});

test('nginx-only: the hint says what to do instead', () => {
  const [fault] = checkText('http { server { location / { fastcgi_pass a:9000; } } }').diagnostics;
  assert.equal(fault?.code, 'not-implemented');
  assert.match(fault?.hint ?? '', /proxy_pass/);
});

test('nginx-only: what is switched off needs no implementation', () => {
  assert.deepEqual(faultsOf(checkText('http { server { location / { proxy_cache off; ssi off; } } }')), []);
  assert.equal(faultsOf(checkText('http { server { location / { proxy_cache zone; } } }')).length, 1);
});

const inLocation = (lines: string) => faultsOf(checkText(`http { server { location / {\n${lines}\n} } }`));

test('nginx-only: what only tunes another is passed over where that is missing, and beside it', () => {
  const idle =
    'proxy_cache_bypass $http_upgrade; proxy_no_cache 1; proxy_cache_valid 200 1d; fastcgi_buffers 8 4k;';
  assert.deepEqual(inLocation(idle), []);
  assert.deepEqual(inLocation(`${idle} proxy_cache zone;`), [
    '2:101 not-implemented: "proxy_cache" is a directive of nginx that moat does not implement',
  ]);
  assert.deepEqual(
    faultsOf(checkText('load_module modules/a.so; http { proxy_cache_path /c keys_zone=a:1m; }')),
    [],
  );
});

test('nginx-only: every directive that others are idle without is told itself', () => {
  const switches = new Set([...NGINX_ONLY.values()].map(({ beside }) => beside));
  const told = [...switches].filter(name => name !== undefined).filter(name => NGINX_ONLY.has(name));
  assert.ok(told.length > 10, `${told}`);
  for (const name of told) assert.equal(NGINX_ONLY.get(name)?.beside, undefined, name);
});

test('nginx-only: a ";" that is missing is told also where the line would be passed over', () => {
  const { diagnostics } = checkText(
    'http { server { location / {\nproxy_cache_bypass $http_upgrade\nreturn 204;\n} } }',
  );
  assert.deepEqual(
    diagnostics.map(({ line, column, code, hint }) => [line, column, code, hint]),
    [[3, 1, 'too-many', 'is a ";" missing after "$http_upgrade" on line 2?']],
  );
});

test('nginx-only: stream and mail that serve nobody are passed over', () => {
  assert.deepEqual(
    faultsOf(checkText('stream { map $a $b { x y; } upstream u { server a:1; } } mail { }')),
    [],
  );
  assert.equal(faultsOf(checkText('mail { server { listen 25; } }')).length, 1);
});

/** To be implemented. */
const PENDING = new Set(
  `mirror mirror_request_body referer_hash_bucket_size referer_hash_max_size
   valid_referers`.split(/\s+/),
);

test('nginx-only: every directive of nginx is implemented, or listed with its way out', () => {
  assert.ok(NGINX_NAMES.length > 400);
  const missing = NGINX_NAMES.filter(name => !DIRECTIVES.has(name) && !NGINX_ONLY.has(name));
  assert.deepEqual(
    missing.filter(name => !PENDING.has(name)),
    [],
  );
});
