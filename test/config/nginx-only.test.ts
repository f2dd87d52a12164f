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
  for (const [name, hint] of NGINX_ONLY) {
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
