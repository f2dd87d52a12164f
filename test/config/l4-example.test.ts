/** The example of a director is read, and is what its README says it is. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const ROOT = resolve(import.meta.dirname, '../..');
const FILE = join(ROOT, 'examples/l4-director/moat.conf');

const moat = (...args: string[]) => spawnSync(join(ROOT, 'bin/moat'), args, { encoding: 'utf8' });

test('moat check: examples/l4-director is sound, without a warning', () => {
  const { stdout, stderr, status } = moat('check', FILE);
  assert.deepEqual({ stdout, stderr, status }, { stdout: `${FILE}: no errors\n`, stderr: '', status: 0 });
});
