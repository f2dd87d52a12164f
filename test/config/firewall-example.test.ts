/** The example of a firewall is read, rules and all. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const ROOT = resolve(import.meta.dirname, '../..');
const FILE = join(ROOT, 'examples/firewall/moat.conf');
const skip = existsSync('/usr/share/modsecurity-crs') ? false : 'modsecurity-crs is not installed';

test('moat check: examples/firewall is sound', { skip }, () => {
  const { stdout, status } = spawnSync(join(ROOT, 'bin/moat'), ['check', FILE], { encoding: 'utf8' });
  assert.deepEqual({ stdout, status }, { stdout: `${FILE}: no errors\n`, status: 0 });
});
