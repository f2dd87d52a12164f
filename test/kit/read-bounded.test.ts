/** Files that are too large, or have no end. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readBounded } from '#kit/read-bounded.ts';

const MB = 1024 * 1024;
const dir = mkdtempSync(join(tmpdir(), 'moat-bounded-'));
after(() => rmSync(dir, { recursive: true }));

test('readBounded: a file whole, whatever its size below the bound', () => {
  for (const size of [0, 1, 64 * 1024, 64 * 1024 + 1, MB]) {
    writeFileSync(join(dir, 'file'), Buffer.alloc(size, 'x'));
    assert.ok(readBounded(join(dir, 'file'), MB).equals(Buffer.alloc(size, 'x')), `${size}`);
  }
});

test('readBounded: what has no size is read to its end', () => {
  assert.match(readBounded('/proc/self/status', MB).toString(), /^Name:/);
});

test('readBounded: a file above the bound, and one without an end, are refused', () => {
  writeFileSync(join(dir, 'file'), Buffer.alloc(MB + 1));
  for (const path of [join(dir, 'file'), '/dev/zero'])
    assert.throws(() => readBounded(path, MB), new RangeError('it has more than 1 MB'));
});
