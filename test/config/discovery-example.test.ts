/** The example of pools that find their members is read, and so is the list that it names. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { readList } from '../../l7/discovery/file.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'examples/discovery');

test('moat check: examples/discovery is sound, without a warning', () => {
  const line = ['check', join(FOLDER, 'moat.conf')];
  const { stdout, stderr, status } = spawnSync(join(ROOT, 'bin/moat'), line, { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
  assert.doesNotMatch(stdout + stderr, /(warning|error)\[/);
});

test('readList: the list of examples/discovery names three members', () => {
  assert.equal(readList(readFileSync(join(FOLDER, 'pools/shop.json'), 'utf8'), 80).length, 3);
});
