/** The words of the C library, as perl has them from it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { constants } from 'node:os';
import { test } from 'node:test';
import { systemReason } from '../../kit/system-error.ts';

test('systemReason: says what the C library says, of every error that a socket or a file can have', () => {
  const { errno } = constants;
  const names = [
    'EACCES',
    'EADDRINUSE',
    'EADDRNOTAVAIL',
    'EAFNOSUPPORT',
    'EAGAIN',
    'ECONNABORTED',
    'ECONNREFUSED',
  ] as const;
  const more = [
    'ECONNRESET',
    'EHOSTUNREACH',
    'EINVAL',
    'EIO',
    'EISDIR',
    'ELOOP',
    'EMFILE',
    'ENAMETOOLONG',
    'ENETDOWN',
  ] as const;
  const last = [
    'ENETUNREACH',
    'ENFILE',
    'ENOENT',
    'ENOMEM',
    'ENOSPC',
    'ENOTCONN',
    'ENOTDIR',
    'EPERM',
    'EPIPE',
    'EROFS',
    'ETIMEDOUT',
  ] as const;
  const numbers = [...names, ...more, ...last].map(name => errno[name]);
  const script = 'print map { $! = $_; "($_: $!)\\n" } @ARGV';
  const told = execFileSync('perl', ['-e', script, ...numbers.map(String)], {
    encoding: 'latin1',
    env: { LC_ALL: 'C' },
  });
  assert.deepEqual(numbers.map(systemReason), told.trimEnd().split('\n'));
});
