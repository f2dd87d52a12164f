/** The error log: its lines, its levels, and files that are rotated under it. */
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AppendFile, AppendFiles, openToAppend } from '#kit/append-file.ts';
import { LogBook, type LogRoute } from '#kit/log-book.ts';
import { SyslogSink } from '#kit/syslog.ts';

const dir = mkdtempSync(join(tmpdir(), 'moat-log-'));
after(() => rmSync(dir, { recursive: true }));

const read = (name: string) => readFileSync(join(dir, name), 'latin1');
const toFile = (name: string, level: LogRoute['level']): LogRoute => ({
  target: { kind: 'file', path: join(dir, name) },
  level,
});
const noDatagrams = () => new AppendFile('none', -1);
const bookOf = (routes: LogRoute[], files = new AppendFiles()) =>
  new LogBook({ origin: '12#3', files, datagrams: noDatagrams }, routes);

test('log: a line has time, level, origin and message', () => {
  bookOf([toFile('line.log', 'error')]).main.error('*5 connect() failed, client: 127.0.0.1');
  assert.match(
    read('line.log'),
    /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[error\] 12#3: \*5 connect\(\) failed, client: 127\.0\.0\.1\n$/,
  );
});

test('log: each route takes its level and worse', () => {
  const log = bookOf([toFile('warn.log', 'warn'), toFile('debug.log', 'debug')]).main;
  log.debug('low');
  log.crit('high');
  assert.equal(
    read('warn.log')
      .match(/: (\w+)\n/g)
      ?.join(),
    ': high\n',
  );
  assert.equal(
    read('debug.log')
      .match(/: (\w+)\n/g)
      ?.join(''),
    ': low\n: high\n',
  );
  assert.equal(log.enabled('debug'), true);
  assert.equal(bookOf([toFile('warn.log', 'warn')]).main.enabled('notice'), false);
});

test('log: bytes that would fake a line are escaped, a long line is cut', () => {
  const log = bookOf([toFile('bytes.log', 'info')]).main;
  log.info('a\nb\x1b[0m\xe9\tc');
  log.info('x'.repeat(5000));
  const [first = '', second = ''] = read('bytes.log').split('\n');
  assert.ok(first.endsWith('a\\x0ab\\x1b[0m\xe9\tc'), first);
  assert.equal(second.length, 2048);
});

test('log book: a block without a log of its own writes to that of the process', () => {
  const book = bookOf([toFile('main.log', 'info')]);
  assert.equal(book.open([]), book.main);
  book.open([toFile('own.log', 'info')]).info('mine');
  assert.match(read('own.log'), /mine/);
  assert.equal(read('main.log'), '');
});

test('append files: a given descriptor is used, and replaced when it is given anew', () => {
  const path = join(dir, 'given.log');
  const first = openToAppend(path);
  const files = new AppendFiles([[path, first]]);
  const log = bookOf([toFile('given.log', 'info')], files).main;
  log.info('one');
  renameSync(path, `${path}.1`);
  const second = openToAppend(path);
  files.give([[path, second]]);
  closeSync(first);
  log.info('two');
  assert.match(read('given.log.1'), /one\n$/);
  assert.match(read('given.log'), /^[^\n]*two\n$/);
  closeSync(second);
});

test('append files: a file opened by its writer is opened anew', () => {
  const path = join(dir, 'own-file.log');
  const files = new AppendFiles();
  const file = files.open(path);
  file.write('one\n');
  renameSync(path, `${path}.1`);
  assert.deepEqual(files.reopen(), []);
  file.write('two\n');
  assert.equal(read('own-file.log'), 'two\n');
});

test('append file: a write that fails is counted and not thrown', () => {
  const file = new AppendFile('read only', openSync('/dev/null', 'r'));
  file.write('gone');
  assert.equal(file.lostLines, 1);
});

test('syslog: a message has priority, time, host and tag of RFC 3164', async () => {
  const path = join(dir, 'datagram');
  const socket = new AppendFile(path, openToAppend(path));
  new SyslogSink(socket, { server: 'x', facility: 'local7', tag: 'moat' }, 'box').write('line', 'error');
  assert.match(read('datagram'), /^<187>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d box moat: line$/);
});
