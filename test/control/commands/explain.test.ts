/** `moat explain` as an operator runs it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PROGRAMS } from '../../e2e/rig.ts';

const dir = mkdtempSync(join(tmpdir(), 'explain-'));
after(() => rmSync(dir, { recursive: true }));
const file = join(dir, 'moat.conf');
writeFileSync(
  file,
  `events {}
http {
  limit_req_zone $remote_addr zone=one:1m rate=10r/s;
  upstream app { server 10.0.0.1:81 weight=2; server 10.0.0.2:81 backup; }
  server { listen 80; server_name other; }
  server {
    listen 80; server_name example.org;
    rewrite ^/old/(.*)$ /api/$1;
    location / { deny 10.0.0.0/8; allow all; root /srv; }
    location ^~ /api/ { limit_req zone=one burst=3; proxy_pass http://app/v1/; }
    location = /go { return 301 /there; }
    location /inner { internal; }
    location $arg_beta { if ($arg_beta = old) { return 403; } root /beta; }
  }
  server { listen 443 ssl; ssl_reject_handshake on; server_name safe.example.org;
    location / { if ($ssl_protocol) { return 403; } if ($ssl_server_name = safe.example.org) { return 301 /named; } root /srv; } }
}
`,
);

function explain(...args: string[]) {
  const { stdout, stderr, status } = spawnSync(PROGRAMS.moat, ['explain', '-c', file, ...args], {
    encoding: 'latin1',
  });
  return { lines: stdout.trim().split('\n'), stderr, status };
}

test('explain: listener, server, rewritten path, location, phases, pool and members', () => {
  const { lines, status } = explain('GET http://example.org/old/x?y=1');
  assert.equal(status, 0);
  assert.deepEqual(
    lines.map(line => line.replace(/\s{4}\S+$/, '')),
    [
      'listener  0.0.0.0:80',
      'server    example.org for host "example.org"',
      'location  ^~ /api/, path /api/x?y=1',
      'phase     limit_req passes',
      'content   proxy_pass http://app/v1/',
      'pool      app: round-robin',
      'member    10.0.0.1:81 weight=2',
      'member    10.0.0.2:81 weight=1 backup',
    ],
  );
  assert.match(lines[2]!, /moat\.conf:10$/);
});

test('explain: what answers before content: a redirect, a refusal by address, an internal location', () => {
  assert.match(
    explain('http://example.org/go').lines.at(-1)!,
    /answer\s+301 to http:\/\/example\.org\/there/,
  );
  assert.match(explain('--from', '10.1.1.1', 'http://example.org/x').lines.at(-1)!, /answer\s+403/);
  assert.match(explain('http://example.org/inner').lines.at(-1)!, /answer\s+404/);
});

test('explain: a location is told of also when its rewrites answer', () => {
  const places = (url: string) =>
    explain(url)
      .lines.filter(line => /^(location|answer|content)/.test(line))
      .map(line => line.replace(/\s{4}\S+:\d+$/, ''));
  assert.deepEqual(places('http://example.org/go'), [
    'location  = /go, path /go',
    'answer    301 to http://example.org/there',
  ]);
  assert.deepEqual(places('http://example.org/x?beta=old'), [
    'location  $arg_beta, path /x?beta=old',
    'answer    403',
  ]);
  assert.deepEqual(places('http://example.org/x?beta=1'), [
    'location  $arg_beta, path /x?beta=1',
    'content   static files below /beta',
  ]);
});

test('explain: headers choose the server, an unknown host the default one', () => {
  assert.match(explain('-H', 'Host: example.org', 'http://nowhere/').lines[1]!, /example\.org for host/);
  assert.match(explain('http://nowhere/').lines[1]!, /other for host "nowhere", the default server/);
});

test('explain: a question that nothing listens for, or that is none, exits 2', () => {
  assert.deepEqual([explain('http://example.org:99/').status, explain('what').status], [2, 2]);
  assert.match(explain('http://example.org:99/').stderr, /nothing listens on port 99/);
});

test('explain: --json gives the steps', () => {
  const steps = JSON.parse(explain('--json', 'http://example.org/go').lines.join(''));
  assert.equal(steps.at(-1).what, 'answer');
});

test('explain: by TLS the name is known, and nothing else of a session', () => {
  assert.match(explain('GET https://safe.example.org/').lines.join(), /answer +301 to .*\/named/);
});
