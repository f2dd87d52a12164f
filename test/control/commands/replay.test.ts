/** `moat replay`: recorded requests put to the configuration of today and to another one. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readLogLine } from '../../../control/replay/access-log.ts';
import { PROGRAMS } from '../../e2e/rig.ts';

const dir = mkdtempSync(join(tmpdir(), 'replay-'));
after(() => rmSync(dir, { recursive: true }));

const conf = (inside: string) =>
  `events {} http { limit_req_zone $binary_remote_addr zone=one:1m rate=1r/s; upstream app { server 10.0.0.1:81; } upstream new { server 10.0.0.2:81; } server { listen 80; server_name example.org;\n${inside}\n} }`;
const OLD = conf('location / { proxy_pass http://app; } location /admin { proxy_pass http://app; }');
const NEW = conf(
  'location / { proxy_pass http://app; } location /shop { proxy_pass http://new; } location /admin { deny 192.0.2.0/24; allow all; proxy_pass http://app; } location /api { limit_req zone=one burst=1 nodelay; proxy_pass http://app; }',
);

const line = (address: string, second: number, request: string) =>
  `${address} - - [06/Nov/2026:08:49:${String(second).padStart(2, '0')} +0000] "${request}" 200 12 "-" "curl/8"\n`;
const LOG = [
  line('198.51.100.1', 0, 'GET / HTTP/1.1'),
  line('198.51.100.1', 1, 'GET /shop/cart?x=1 HTTP/1.1'),
  line('198.51.100.2', 2, 'POST /shop HTTP/1.1'),
  line('192.0.2.9', 3, 'GET /admin HTTP/2.0'),
  line('198.51.100.3', 3, 'GET /admin HTTP/1.1'),
  // Four in one second, of a rate of one with a burst of one: two are too many. Ten seconds later there is room again.
  ...Array.from({ length: 4 }, () => line('203.0.113.7', 5, 'GET /api HTTP/1.1')),
  line('203.0.113.7', 15, 'GET /api HTTP/1.1'),
  'not a line of a log\n',
].join('');

function replay(log: string, against: string, ...words: string[]) {
  const [now, other] = [join(dir, 'moat.conf'), join(dir, 'new.conf')];
  writeFileSync(now, OLD);
  writeFileSync(other, against);
  const args = [
    'replay',
    '-c',
    now,
    '--against',
    other,
    '--access-log',
    log,
    '--origin',
    'http://example.org:80',
    ...words,
  ];
  const { stdout, stderr, status } = spawnSync(PROGRAMS.moat, args, { encoding: 'utf8' });
  return { stdout, stderr, status };
}

test('replay: tells what is routed, blocked and limited differently, at the times of the log', () => {
  const path = join(dir, 'access.log');
  writeFileSync(path, LOG);
  const { stdout, stderr, status } = replay(path, NEW, '--json');
  assert.equal(status, 1, stderr);
  const told = JSON.parse(stdout);
  assert.deepEqual([told.requests, told.unread], [10, 1]);
  const found = told.differences.map(
    ({
      count,
      before,
      after: then,
    }: {
      count: number;
      before: { kind: string };
      after: { kind: string; text: string };
    }) => `${count} ${before.kind} -> ${then.kind} ${/refuses with \d+|http:\S+/.exec(then.text)?.[0]}`,
  );
  assert.deepEqual(found.sort(), [
    '1 routed -> blocked refuses with 403',
    '2 routed -> limited refuses with 503',
    '2 routed -> routed http://new',
    '3 routed -> routed http://app',
  ]);
  const text = replay(path, NEW);
  assert.match(text.stdout, /^10 requests, 8 of them differ; 1 lines could not be read\n/);
  assert.match(text.stdout, /GET http:\/\/example\.org:80\/shop\/cart\?x=1/);
});

test('replay: a configuration that does the same says so; a packed log is read; what is faulty is told', () => {
  const path = join(dir, 'access.log.gz');
  writeFileSync(path, gzipSync(LOG));
  const same = replay(path, OLD);
  assert.deepEqual(
    [same.status, same.stdout],
    [0, '10 requests, 0 of them differ; 1 lines could not be read\n'],
  );
  writeFileSync(path, 'this is not packed');
  assert.equal(replay(path, OLD).status, 2);
  assert.equal(replay(join(dir, 'gone.log'), OLD).status, 2);
  assert.equal(replay(path, 'events {').status, 3);
});

test('access logs: combined, with a host before or behind, and JSON are read; what is no request is not', () => {
  const combined = line('2001:db8::1', 7, 'GET /a?b HTTP/1.1').trim();
  const atMs = Date.UTC(2026, 10, 6, 8, 49, 7);
  const usual = {
    method: 'GET',
    target: '/a?b',
    clientAddress: '2001:db8::1',
    atMs,
    referer: undefined,
    userAgent: 'curl/8',
  };
  assert.deepEqual(readLogLine(combined), { ...usual, host: undefined });
  assert.deepEqual(readLogLine(`shop.test:443 ${combined}`), { ...usual, host: 'shop.test:443' });
  assert.deepEqual(readLogLine(`${combined} "shop.test"`), { ...usual, host: 'shop.test' });
  assert.deepEqual(
    readLogLine(
      '{"remote_addr":"192.0.2.1","host":"a.test","request":"PUT /x HTTP/1.1","msec":"1700000000.250","http_user_agent":"-"}',
    ),
    {
      method: 'PUT',
      target: '/x',
      host: 'a.test',
      clientAddress: '192.0.2.1',
      atMs: 1_700_000_000_250,
      referer: undefined,
      userAgent: undefined,
    },
  );
  const none = [
    '',
    '{',
    '{}',
    '- - -',
    combined.replace('GET /a?b HTTP/1.1', '\\x16\\x03'),
    combined.replace('2001:db8::1', 'unix:'),
  ];
  for (const text of none) assert.equal(readLogLine(text), undefined, text);
});
