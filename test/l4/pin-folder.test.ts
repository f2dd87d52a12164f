/** Folders for pins: in a bpffs, and nowhere else. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makePinFolder } from '../../l4/pin-folder.ts';
import { makeBpfFolder, removeBpfFolder } from '../lab/bpf-folder.ts';
import { programMissing } from './program.ts';

test('makePinFolder: folders within folders of a bpffs', { skip: programMissing() }, () => {
  const dir = makeBpfFolder();
  try {
    makePinFolder(join(dir, 'a/b'));
    makePinFolder(join(dir, 'a/b'));
    assert.ok(existsSync(join(dir, 'a/b')));
  } finally {
    removeBpfFolder(dir);
  }
});

test('makePinFolder: anything else is told, with the remedy', () => {
  for (const path of [join(tmpdir(), 'moat-no-bpffs/x'), '/sys/fs/moat-no-bpffs/x', '/proc/moat-no-bpffs'])
    assert.throws(() => makePinFolder(path), { code: 'EPERM', message: /is no bpffs: mount -t bpf bpf/ });
  assert.ok(!existsSync(join(tmpdir(), 'moat-no-bpffs')));
});
