/** What a killed test has mounted is removed by the next one. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { boxMissing } from '../../control/box/missing.ts';
import { makeBpfFolder, removeBpfFolder, sweepBpfFolders } from './bpf-folder.ts';

const skip = boxMissing()?.what ?? false;

test('a bpffs whose process was killed goes, one whose process lives stays', { skip }, async () => {
  const module = JSON.stringify(new URL('./bpf-folder.ts', import.meta.url));
  const code = `process.stdout.write((await import(${module})).makeBpfFolder()); setInterval(() => {}, 1000)`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'pipe' });
  const ended = once(child, 'exit');
  const [told] = await once(child.stdout, 'data');
  const theirs = String(told);
  const mine = makeBpfFolder();
  try {
    assert.ok(existsSync(theirs), 'it lives');
    child.kill('SIGKILL');
    await ended;
    sweepBpfFolders();
    assert.deepEqual([existsSync(theirs), existsSync(mine)], [false, true]);
  } finally {
    removeBpfFolder(mine);
  }
  assert.ok(!existsSync(mine));
});
