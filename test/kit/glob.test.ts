/** globPaths() against bash, an independent reader of the same patterns. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { globPaths } from '../../kit/glob.ts';

const dir = mkdtempSync(join(tmpdir(), 'glob-'));
after(() => rmSync(dir, { recursive: true }));

const FILES = [
  'a.conf',
  'b.conf',
  'B.conf',
  '10.conf',
  '9.conf',
  '.hidden.conf',
  'a.txt',
  'x[1].conf',
  'star*.conf',
  'sub/a.conf',
  'sub/.b.conf',
  'other/a.conf',
  'deep/er/z.conf',
  'with space.conf',
  'br{ace}.conf',
  '[b-x.conf',
  'dash-.conf',
];
for (const file of FILES) {
  mkdirSync(dirname(join(dir, file)), { recursive: true });
  writeFileSync(join(dir, file), '');
}

const PATTERNS = [
  '*.conf',
  '?.conf',
  '[ab].conf',
  '[!ab].conf',
  '[^ab].conf',
  '[a-z].conf',
  '*/a.conf',
  '*/*',
  '.*.conf',
  '*/.b*',
  'a.*',
  'nothing*',
  '*',
  'x\\[1\\]*',
  'star\\**',
  '[[:digit:]]*.conf',
  '[0-9][0-9]*',
  'deep/*/z.conf',
  '*/*/*',
  'br{ace}.*',
  'with*',
  '[]x]*',
  'dash[-].conf',
  'dash[a-].conf',
  'dash?.conf',
  '**/a.conf',
  'sub*/a.conf',
  '[b-*.conf',
];

/** What bash expands the pattern to, in the order of bytes. */
function bashGlob(pattern: string): string[] {
  const script = 'shopt -s nullglob; IFS=; for f in $1; do printf "%s\\0" "$f"; done';
  const out = execFileSync('bash', ['--norc', '-c', script, '-', pattern], {
    encoding: 'latin1',
    env: { LC_ALL: 'C' },
  });
  return out.split('\0').slice(0, -1);
}

test('globPaths: finds what glob(3) finds, in its order', () => {
  let found = 0;
  for (const pattern of PATTERNS) {
    const path = `${dir}/${pattern}`;
    assert.deepEqual(globPaths(path), bashGlob(path), pattern);
    if (pattern !== 'nothing*') found += globPaths(path).length;
  }
  assert.ok(found > 60, `only ${found} files were found`);
});

test('globPaths: a path without a pattern is itself, when it exists', () => {
  assert.deepEqual(globPaths(`${dir}/a.conf`), [`${dir}/a.conf`]);
  assert.deepEqual(globPaths(`${dir}/none.conf`), []);
});

test('globPaths: names are bytes', () => {
  const path = Buffer.from(join(dir, 'müll.bytes'), 'utf8');
  writeFileSync(path, '');
  assert.deepEqual(globPaths(`${dir}/*.bytes`), [path.toString('latin1')]);
});
