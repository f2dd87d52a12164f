/** Lines of logs: their fields in every form, conditions on them, files that are read in parts and moved away, and the way to who asks. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fieldOf, fieldReader } from '../../control/logs/fields.ts';
import { FilterFault, filterOf } from '../../control/logs/filter.ts';
import { endOf, MOST_LINE_BYTES, readBackwards, readOnwards } from '../../control/logs/log-reader.ts';
import { mayBeShown } from '../../control/logs/search.ts';
import { COMBINED, JSON_FORMAT, type LogFormat } from '../../model/l7/log.ts';
import { PROGRAMS, until } from '../e2e/rig.ts';
import { request } from '../e2e/wire.ts';
import { startApi } from './api/api-rig.ts';

const combined = fieldReader({ kind: 'access', format: COMBINED });
const LINE =
  '192.0.2.7 - olga [28/Nov/2026:11:58:41 +0000] "GET /a?b=c HTTP/1.1" 503 12 "-" "curl \\x22[x] - \\x22"';

test('fields: of combined, of any format, of JSON and of error logs, whatever strangers have put into them', () => {
  const fields = combined(LINE);
  const found = ['client', 'remote_user', 'method', 'path', 'status', 'bytes', 'agent', 'time'].map(name =>
    fieldOf(fields, name),
  );
  assert.deepEqual(found, [
    ...[
      '192.0.2.7',
      'olga',
      'GET',
      '/a?b=c',
      '503',
      '12',
      'curl \\x22[x] - \\x22',
      '28/Nov/2026:11:58:41 +0000',
    ],
  ]);
  const own: LogFormat = {
    ...{ name: 'own', escape: 'default' },
    template: [
      'id=',
      { variable: 'request_id' },
      ' t=',
      { variable: 'request_time' },
      ' ',
      { variable: 'uri' },
    ],
  };
  assert.deepEqual(
    [...fieldReader({ kind: 'access', format: own })('id=ab t=0.012 /x y')],
    [
      ['request_id', 'ab'],
      ['request_time', '0.012'],
      ['uri', '/x y'],
    ],
  );
  const json = fieldReader({ kind: 'access', format: JSON_FORMAT });
  const line = json('{"status":"404","request_time":0.5,"uri":"/<b>","list":[1],"__proto__":"x"}');
  assert.deepEqual(
    ['status', 'request_time', 'path', 'list', '__proto__'].map(name => fieldOf(line, name)),
    ['404', '0.5', '/<b>', '[1]', 'x'],
  );
  assert.deepEqual(
    ['{"a":', '{', '[]', '{"a":1}x'].map(text => json(text).size),
    [0, 0, 0, 0],
  );
  const error = fieldReader({ kind: 'error', format: undefined })(
    '2026/11/28 11:58:41 [error] 7#3: *12 connect() failed, client: 192.0.2.7, server: x, request: "GET /a, client: 6.6.6.6 HTTP/1.1", upstream: "http://u/", host: "h"',
  );
  assert.deepEqual(
    ['level', 'pid', 'message', 'client', 'request', 'upstream', 'host', 'time'].map(name =>
      fieldOf(error, name),
    ),
    [
      'error',
      '7',
      'connect() failed',
      '192.0.2.7',
      'GET /a, client: 6.6.6.6 HTTP/1.1',
      'http://u/',
      'h',
      '2026/11/28 11:58:41',
    ],
  );
});

test('filter: statuses by class, range and list, clients by network, texts, numbers and their opposites; what is odd is told', () => {
  const fits = (...conditions: string[]) => filterOf(conditions)(LINE, combined(LINE));
  const holding = [
    'status=5xx',
    'status=404,500-503',
    'status==503',
    'client=192.0.2.0/24',
    'client=192.0.2.7',
    'client=192.0',
    'path=/a',
    'method=GET',
    'status>500',
    'status<504',
    'path!=/b',
    'nothing!=x',
    'text=olga',
    'remote_user=olga',
  ];
  for (const one of holding) assert.ok(fits(one), one);
  const failing = [
    'status=4xx',
    'status=504',
    'client=192.0.3.0/24',
    'client=2001:db8::/32',
    'path==/a',
    'nothing=x',
    'agent>1',
    'status!=5xx',
  ];
  for (const one of failing) assert.ok(!fits(one), one);
  assert.ok(fits('status=5xx', 'method=GET') && !fits('status=5xx', 'method=POST'));
  for (const one of ['status', '=x', 'status=6xx', 'status=', 'a>b', 'a>', 'path=', `a${'b'.repeat(64)}=c`])
    assert.throws(() => filterOf([one]), FilterFault, one);
  assert.throws(() => filterOf(Array(17).fill('a=b')), FilterFault);
});

test('log reader: onwards and backwards in parts, with lines longer than a part, half written ones, and files that are moved, emptied or links', t => {
  const dir = mkdtempSync(join(tmpdir(), 'tail-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'access.log');
  const texts = ({ lines }: { readonly lines: readonly { readonly text: string }[] }) =>
    lines.map(({ text }) => text);
  const all = { bytes: 1 << 20, lines: 1000 };
  writeFileSync(path, 'one\ntwo\nthr');
  const begin = endOf(path);
  assert.equal(begin.at, 8, 'a half line waits');
  assert.deepEqual(texts(readBackwards(path, undefined, all)), ['two', 'one']);
  appendFileSync(path, 'ee\nfour\n');
  const first = readOnwards(path, begin, { ...all, lines: 1 });
  assert.deepEqual(texts(first), ['three']);
  assert.deepEqual(texts(readOnwards(path, first.next!, all)), ['four']);

  const numbers = Array.from({ length: 20_000 }, (_, number) => `line ${number}`);
  writeFileSync(path, `${numbers.join('\n')}\n`);
  const back: string[] = [];
  let rounds = 0;
  for (let place: ReturnType<typeof endOf> | undefined = endOf(path); place; rounds++) {
    const part = readBackwards(path, place, { bytes: 1 << 20, lines: 1500 });
    back.push(...texts(part));
    place = part.next;
  }
  assert.deepEqual(back, numbers.toReversed());
  assert.ok(rounds >= 13, `${rounds}`);
  const seven = { ...all, wanted: (line: string) => line.endsWith('777') };
  assert.equal(readBackwards(path, undefined, seven).lines.length, 20);
  const bounded = readBackwards(path, undefined, { ...seven, bytes: 1000, lines: 5 });
  assert.ok(bounded.readBytes < 1100 && bounded.next, 'so much is looked at');

  const long = 'x'.repeat(300_000);
  writeFileSync(path, `a\n${long}\nb\n`);
  const [b, cut, a] = texts(readBackwards(path, undefined, all));
  assert.deepEqual([a, cut?.length, b], ['a', MOST_LINE_BYTES, 'b']);
  const inode = endOf(path).inode;
  assert.deepEqual(
    texts(readOnwards(path, { inode, at: 0 }, all)).map(text => text.length),
    [1, MOST_LINE_BYTES, 1],
  );
  const parts = readOnwards(path, { inode, at: 2 }, { bytes: 1000, lines: 9 });
  assert.ok(parts.next!.at > 2, 'it goes on');

  const end = endOf(path);
  appendFileSync(path, 'last words\n');
  renameSync(path, `${path}.1`);
  writeFileSync(path, 'new\n');
  const rest = readOnwards(path, end, all);
  assert.deepEqual(texts(rest), ['last words']);
  assert.deepEqual(texts(readOnwards(path, rest.next!, all)), ['new']);
  const newest = readBackwards(path, undefined, { ...all, lines: 2 });
  assert.deepEqual(texts(newest), ['new']);
  assert.deepEqual(texts(readBackwards(path, newest.next, { ...all, lines: 1 })), ['last words']);
  truncateSync(path, 0);
  appendFileSync(path, 'x\n');
  assert.deepEqual(texts(readOnwards(path, { inode: endOf(path).inode, at: 100 }, all)), ['x']);

  symlinkSync('/etc/passwd', join(dir, 'link'));
  assert.throws(() => endOf(join(dir, 'link')), /ELOOP/);
  assert.throws(() => endOf(dir), /plain file|EISDIR/);
  const shown = (one: string) => mayBeShown({ path: one }, `${dir}/`);
  assert.deepEqual([shown(path), shown(join(dir, 'absent')), shown(dir)], [true, false, false]);
  chmodSync(path, 0o600);
  assert.equal(shown(path), false, 'a configuration may name any file of root as its log');
});

const SITE = `log_format id '$request_id $status $request_uri'; access_log lines.log id;
  server { listen 127.0.0.1:PORT; location / { return 200 hello; } location /gone { return 404; } }`;

test('tail --once: says what it has looked for where there is none of it', t => {
  const dir = mkdtempSync(join(tmpdir(), 'moat-tail-'));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'a.log'), '');
  writeFileSync(
    join(dir, 'nginx.conf'),
    'events {} http { access_log a.log; server { listen unix:/tmp/none.sock; } }',
  );
  const tail = (...words: string[]) => {
    const all = ['tail', '--once', ...words, '-c', join(dir, 'nginx.conf'), '-p', `${dir}/`];
    const { stdout, stderr, status } = spawnSync(PROGRAMS.moat, all, { encoding: 'utf8' });
    return [stdout, stderr, status];
  };
  assert.deepEqual(tail(), ['', `nginx: [notice] there is no line in "${dir}/a.log"\n`, 0]);
  writeFileSync(join(dir, 'a.log'), `${LINE}\n`);
  assert.deepEqual(tail(), [`${LINE}\n`, '', 0]);
  const none = `nginx: [notice] there is no line with status=404 in "${dir}/a.log"\n`;
  assert.deepEqual(tail('--field', 'status=404'), ['', none, 0]);
  rmSync(join(dir, 'a.log'));
  const [, stderr, status] = tail();
  assert.match(String(stderr), /cannot read ".*a\.log" \(2: no such file/);
  assert.equal(status, 1);
});

test('logs: by command as they come, by API as pages and as a stream, for operators', async () => {
  await using rig = await startApi(SITE);
  const at = ['-c', join(rig.moat.dir, 'nginx.conf'), '-p', rig.moat.dir];
  const token = rig.token('operator');
  const ask = (path: string) => rig.call(`/api/v1/logs${path}`, { token });
  for (const path of ['/a', '/gone?1', '/b']) await request(rig.sitePort, { path });
  const { body: files } = await ask('');
  const file = files.items.find(({ kind }: { kind: string }) => kind === 'access');
  assert.deepEqual([file.path, file.format], [join(rig.moat.dir, 'lines.log'), 'id']);
  const paths = ({ items }: { items: { fields: Record<string, string> }[] }) =>
    items.map(({ fields }) => fields['request_uri']);
  const first = (await ask('/lines?limit=2')).body;
  assert.deepEqual(paths(first), ['/b', '/gone?1']);
  const second = (await ask(`/lines?limit=2&cursor=${first.next}`)).body;
  assert.deepEqual([paths(second), second.next], [['/a'], undefined]);
  assert.deepEqual(paths((await ask('/lines?status=4xx')).body), ['/gone?1']);
  const id = first.items[0].fields['request_id'];
  assert.deepEqual(paths((await ask(`/lines?requestId=${id}`)).body), ['/b']);
  const codes = [
    '/lines?status=x',
    '/lines?cursor=zz',
    '/lines?file=/etc/shadow',
    '/lines?field=nothing',
    '/stream',
  ];
  const statuses = await Promise.all(codes.map(async path => (await ask(path)).status));
  assert.deepEqual(statuses, [400, 400, 404, 400, 400]);

  const stop = new AbortController();
  const stream = await fetch(
    `http://127.0.0.1:${rig.port}/api/v1/logs/stream?status=4xx&file=${encodeURIComponent(file.path)}`,
    { headers: { authorization: `Bearer ${token}` }, signal: stop.signal },
  );
  let streamed = '';
  const reading = (async () => {
    for await (const piece of stream.body!.pipeThrough(new TextDecoderStream())) streamed += piece;
  })().catch(() => {}); // it is stopped
  const tail = spawn(PROGRAMS.moat, ['tail', '--field', 'status=404', '-n', '1', '--json', ...at], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const tailed: string[] = [];
  createInterface(tail.stdout).on('line', line => tailed.push(JSON.parse(line).fields.request_uri));
  await until(() => tailed.length === 1 && streamed.includes('event: lines'), 'both to be there');
  for (const path of ['/c', '/gone?2']) await request(rig.sitePort, { path });
  await until(() => tailed.length === 2 && streamed.includes('/gone?2'), 'the line');
  tail.kill();
  stop.abort();
  await reading;
  assert.deepEqual(tailed, ['/gone?1', '/gone?2']);
  assert.ok(!streamed.includes('"/c"'));
});
