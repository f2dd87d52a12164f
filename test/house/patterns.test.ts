/** Patterns of the configuration are compiled in one way: some have groups that nobody is to see. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const ROOT = resolve(import.meta.dirname, '../..');

test('patterns: are compiled by regexOf(), not by RegExp', () => {
  const files = globSync('{l7,control,config,waf}/**/*.ts', { cwd: ROOT });
  assert.ok(files.length > 100, `only ${files.length} files were read`);
  const wrong = files.filter(file =>
    /new RegExp\([^)]*\b(source|flags)\b/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  assert.deepEqual(wrong, [], 'take regexOf() of kit/pcre.ts');
});
