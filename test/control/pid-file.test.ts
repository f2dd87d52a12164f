/** The pid file on a disk that has no room left. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PidFile, readPid } from '../../control/pid-file.ts';

test('pid file: a full disk is told, and leaves no file without a number', {
  skip: process.getuid?.() === 0 ? false : 'needs root',
}, () => {
  const dir = mkdtempSync(join(tmpdir(), 'pid-'));
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'none', dir]).status, 0);
  try {
    const path = join(dir, 'moat.pid');
    const fill = join(dir, 'fill');
    assert.throws(() => writeFileSync(fill, 'x'.repeat(1 << 20)), /ENOSPC/);
    assert.throws(() => new PidFile(path).write(), /failed \(28: /);
    assert.equal(existsSync(path), false);
    rmSync(fill);
    new PidFile(path).write();
    assert.equal(readPid(path), process.pid);
  } finally {
    spawnSync('umount', [dir]);
    rmSync(dir, { recursive: true });
  }
});
