/** The example of proxies that share through Redis is read. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const ROOT = resolve(import.meta.dirname, '../..');
const FILE = join(ROOT, 'examples/session-store/moat.conf');

test('moat check: examples/session-store is sound, but that its samples of secrets are no secrets', () => {
  const { stdout, stderr, status } = spawnSync(join(ROOT, 'bin/moat'), ['check', FILE], { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
  const told = [...`${stdout}${stderr}`.matchAll(/(?:warning|error)\[([\w-]+)\]/g)].map(([, code]) => code);
  assert.ok(told.length <= 2 && told.every(code => code === 'public-secret'), stdout + stderr);
});
