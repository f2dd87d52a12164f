/** The examples of directors and name servers are read, and are what their READMEs say they are. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const ROOT = resolve(import.meta.dirname, '../..');
const FILES = ['l4-director', 'ecmp', 'gslb'].map(name => join(ROOT, `examples/${name}/moat.conf`));

const moat = (...args: string[]) => spawnSync(join(ROOT, 'bin/moat'), args, { encoding: 'utf8' });

test('moat check: examples of directors and name servers are sound, without a warning', () => {
  for (const file of FILES) {
    const { stdout, stderr, status } = moat('check', file);
    assert.deepEqual({ stdout, stderr, status }, { stdout: `${file}: no errors\n`, stderr: '', status: 0 });
  }
});
