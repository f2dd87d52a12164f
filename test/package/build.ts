/** The Debian package, built for a test and removed at its end. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');

/** @param words of scripts/build-deb @returns where it lies */
export function builtPackage(...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(join(ROOT, 'scripts/build-deb'), words, {
    encoding: 'utf8',
    env: { ...process.env, MOAT_DEB_COMPRESSION: 'gzip' },
  });
  assert.equal(status, 0, stderr);
  const [, path] = /^built (dist\/\S+\.deb)/m.exec(stdout) ?? [];
  const file = join(ROOT, path!);
  after(() => rmSync(file, { force: true }));
  return file;
}
