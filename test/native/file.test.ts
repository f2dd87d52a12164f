/** Reading files without waiting: what is in memory comes, the end is told, faults carry their code. */
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readCached, WOULD_WAIT } from '../../native/file.ts';

/** A file that was just written and read, so that the kernel has it in memory. */
function withFile(content: string, use: (fd: number) => void): void {
  const dir = mkdtempSync(join(tmpdir(), 'file-'));
  const path = join(dir, 'content');
  writeFileSync(path, content, 'latin1');
  const fd = openSync(path, 'r');
  try {
    readSync(fd, Buffer.alloc(1), 0, 1, 0);
    use(fd);
  } finally {
    closeSync(fd);
    rmSync(dir, { recursive: true });
  }
}

test('readCached: gives what is at a position, or says that it would have to wait', () => {
  withFile('0123456789', fd => {
    const buffer = Buffer.alloc(4, '.');
    const got = readCached(fd, buffer, 3);
    // A file system that can not tell what it has in memory always waits.
    assert.ok(got === 4 || got === WOULD_WAIT, `${got}`);
    assert.equal(buffer.toString(), got === 4 ? '3456' : '....');
    const tail = readCached(fd, buffer, 8);
    assert.ok(tail === 2 || tail === WOULD_WAIT, `${tail}`);
    assert.ok([0, WOULD_WAIT].includes(readCached(fd, buffer, 10)));
    assert.ok([0, WOULD_WAIT].includes(readCached(fd, Buffer.alloc(0), 0)));
  });
});

test('readCached: tells faults with their code', () => {
  assert.throws(() => readCached(2 ** 31 - 1, Buffer.alloc(1), 0), { code: 'EBADF', syscall: 'preadv2' });
  withFile('x', fd => {
    assert.throws(() => readCached(fd, Buffer.alloc(1), -1), TypeError);
    assert.throws(() => Reflect.apply(readCached, undefined, [fd, 'text', 0]), TypeError);
  });
});
