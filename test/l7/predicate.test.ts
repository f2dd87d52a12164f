/** Locations that are chosen by a variable (nginx 1.31.5): what comes before them, what after, what may stand in them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { freePorts, httpConf, type Running, startMoat } from '../e2e/rig.ts';
import { request } from '../e2e/wire.ts';

const [port = 0] = await freePorts(1);
let moat: Running;

before(async () => {
  const conf = httpConf(`
    map $uri $kept { default ''; /kept 1; }
    map $uri $fresh { volatile; default ''; /fresh 1; }
    server { listen 127.0.0.1:${port}; error_page 418 = @named;
      location $arg_a { return 200 a; }
      location = /exact { return 200 exact; }
      location /prefix { return 200 prefix; location $arg_b { return 200 "prefix b"; } }
      location ^~ /final { return 200 final; location $arg_b { return 200 "final b"; } }
      location ~ ^/regex { return 200 regex; location $arg_b { return 200 "regex b"; } }
      location = /named { return 418; }
      location @named { return 200 named; }
      location $arg_c {
        if ($arg_c = 2) { return 200 "c if"; }
        return 200 c;
        location = /c/exact { return 200 "c exact"; }
        location /c/prefix { return 200 "c prefix"; }
        location ~ ^/c/regex { return 200 "c regex"; }
        location $arg_d { return 200 "c d"; }
      }
      location $arg_proxy { proxy_pass http://127.0.0.1:${port}; proxy_set_header Host other; location /slash/ { proxy_pass http://127.0.0.1:${port}; } }
      location $arg_root { root html; }
      location $arg_alias { alias html$uri; }
      location $arg_tried { alias html/; try_files $uri =404; }
      location /to/kept { rewrite ^ /kept last; }
      location /to/fresh { rewrite ^ /fresh last; }
      location $kept { return 200 kept; }
      location $fresh { return 200 fresh; }
    }
    server { listen 127.0.0.1:${port}; server_name other; return 200 "other $uri"; }`);
  moat = await startMoat(conf, { files: { 'html/t': 'a file' } });
});

after(() => moat?.stop());

/** Path → the body, or the status where that is no 200. */
const FOUND: Readonly<Record<string, string | number>> = {
  '/x?a=1': 'a',
  '/x?a=00': 'a',
  '/x?a=0': 404,
  '/x?a=': 404,
  '/x': 404,
  '/exact?a=1': 'exact',
  '/prefix': 'prefix',
  '/prefix?a=1': 'a',
  '/prefix?a=1&b=1': 'prefix b',
  '/final?a=1': 'final',
  '/final?b=1': 'final b',
  '/regex?a=1': 'regex',
  '/regex?a=1&b=1': 'regex b',
  '/named?a=1': 'named',
  '/x?c=1': 'c',
  '/x?c=2': 'c if',
  '/x?a=1&c=1': 'a',
  '/c/exact?c=1&d=1': 'c exact',
  '/c/prefix?c=1': 'c prefix',
  '/c/prefix?c=1&d=1': 'c d',
  '/c/regex?c=1&d=1': 'c regex',
  '/some/path?proxy=1': 'other /some/path',
  '/slash?proxy=1': 301,
  '/t?root=1': 'a file',
  '/t?alias=1': 'a file',
  '/t?tried=1': 'a file',
  '/kept': 'kept',
  '/fresh': 'fresh',
  '/to/fresh': 'fresh',
  // It was asked before the rewrite, and is kept for the request.
  '/to/kept': 404,
};

test('location $variable: after exact, ^~ and regular ones, before prefixes; nested ones likewise', async () => {
  for (const [path, found] of Object.entries(FOUND)) {
    const { status, body } = await request(port, { path });
    assert.equal(status === 200 ? body : status, found, path);
  }
});
