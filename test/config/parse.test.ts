/** The tree: blocks, includes, and what is told when the text has no shape. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkText, faultsOf, MAIN_FILE } from './check-text.ts';

const faults = (text: string, files?: Record<string, string>, globals?: string) =>
  faultsOf(checkText(text, files, globals));

test('parse: empty files and files of comments are configurations', () => {
  for (const text of ['', ' \r\n\t', '# nothing', '# a\n# b\n']) assert.deepEqual(faults(text), []);
});

test('parse: a directive that is not finished is told, and counts', () => {
  assert.deepEqual(faults('daemon off'), [
    '1:8 syntax: unexpected end of file: the directive "daemon" is not finished',
  ]);
  assert.deepEqual(faults('events { worker_connections x }'), [
    '1:29 syntax: unexpected "}": the directive "worker_connections" is not finished',
    '1:29 value: worker_connections: "x" is not a number',
  ]);
});

test('parse: stray signs are told one by one', () => {
  assert.deepEqual(faults('; } events { };'), [
    '1:1 syntax: unexpected ";"',
    '1:3 syntax: unexpected "}": no block is open here',
    '1:15 syntax: unexpected ";"',
  ]);
  assert.deepEqual(faults('{ daemon maybe; } daemon off;'), ['1:1 syntax: unexpected "{"']);
});

test('parse: a block that is never closed is told where it opens', () => {
  assert.deepEqual(faults('http {\n server {\n  root /x;\n }\n'), [
    '1:1 syntax: unexpected end of file: the block "http" is not closed',
  ]);
});

test('parse: after an unclosed quote nothing is said about the end of the file', () => {
  assert.deepEqual(faults('http { log_format x $nope; server { root "/x; } }\n'), [
    '1:42 syntax: the quote " is never closed',
  ]);
  assert.deepEqual(faults('events { use "epoll; }\n'), ['1:14 syntax: the quote " is never closed']);
});

test('parse: blocks are read to a depth of 100', () => {
  const nested = (depth: number) =>
    `http { server { ${'location / { '.repeat(depth - 2)}${'} '.repeat(depth)}`;
  assert.deepEqual(faults(nested(100)), []);
  assert.deepEqual(faults(nested(100_000)), ['1:1302 too-deep: blocks are nested more than 100 deep']);
});

test('include: takes a file in its place, in any block', () => {
  const { model, diagnostics } = checkText('events { include e.conf; } http { include "/else/h.conf"; }', {
    '/conf/e.conf': 'worker_connections 7;',
    '/else/h.conf': 'server { include sub/s.conf; }',
    '/conf/sub/s.conf': '"include" names.conf;',
    '/conf/names.conf': 'server_name a b;',
  });
  assert.deepEqual(diagnostics, []);
  assert.equal(model?.process.workerConnections, 7);
  assert.equal(model?.http?.servers[0]?.names.length, 2);
});

test('include: a pattern may match nothing, a name must exist', () => {
  assert.deepEqual(faults('include none/*.conf;\ninclude none.conf;'), [
    '2:9 cannot-read: cannot read /conf/none.conf: no such file',
  ]);
});

test('include: a pattern takes all files that match', () => {
  const files = {
    '/conf/d/a.conf': 'worker_processes 3;',
    '/conf/d/b.conf': 'daemon off;',
    '/conf/d/c.txt': '!',
  };
  const { model, diagnostics } = checkText('include d/*.conf;', files);
  assert.deepEqual(diagnostics, []);
  assert.deepEqual([model?.process.workers, model?.process.daemon], [3, false]);
});

test('include: wants one argument and no block', () => {
  assert.deepEqual(faults('include;\ninclude a b;\ninclude c { }'), [
    '1:1 too-few: include: takes one file or one pattern',
    '2:11 too-many: include: takes one file or one pattern',
    '3:1 unexpected-block: "include" takes no block',
  ]);
});

test('include: a file that includes itself is told once, whatever way it takes', () => {
  assert.deepEqual(faults(`include ${MAIN_FILE};`), [`1:9 include-loop: ${MAIN_FILE} includes itself`]);
  const files = { '/conf/a.conf': 'include b*.conf;', '/conf/b1.conf': 'daemon off;\ninclude a.conf;' };
  assert.deepEqual(faults('include a.conf;', files), [
    '/conf/b1.conf:2:9 include-loop: /conf/a.conf includes itself',
  ]);
});

test('include: faults of a file that is included often are told once', () => {
  const text = `http { ${'location / { include s.conf; }\n'.repeat(3)}}`;
  assert.deepEqual(faults(text, { '/conf/s.conf': 'rooot /x;\nroot /y' }), [
    '/conf/s.conf:1:1 unknown-directive: unknown directive "rooot"',
    '/conf/s.conf:2:6 syntax: unexpected end of file: the directive "root" is not finished',
    '1:8 misplaced: "location" is not allowed in http',
    '2:1 misplaced: "location" is not allowed in http',
    '3:1 misplaced: "location" is not allowed in http',
  ]);
});

test('include: a file cannot close a block of the file around it', () => {
  assert.deepEqual(faults('events { include e.conf;\n}', { '/conf/e.conf': 'use epoll; }' }), [
    '/conf/e.conf:1:12 syntax: unexpected "}": no block is open here',
  ]);
});

test('-g: its directives are read before the file, a second one in the file is a duplicate', () => {
  const { model } = checkText('worker_processes 2;', {}, 'daemon off; pid /run/x.pid;');
  assert.deepEqual([model?.process.daemon, model?.process.workers], [false, 2]);
  assert.deepEqual(faults('\ndaemon on;', {}, 'daemon off;'), [
    '2:1 duplicate: "daemon" is already set on the command line (-g)',
  ]);
});

test('-g: takes no block, and wants its last ";"', () => {
  assert.deepEqual(faults('', {}, 'events { } daemon off'), [
    'command line:1:1 syntax: block directives are not supported in -g',
    'command line:1:19 syntax: unexpected end of file: the directive "daemon" is not finished',
  ]);
});
