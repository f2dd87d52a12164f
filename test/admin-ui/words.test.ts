/** The console speaks two languages: each has all words, with the same values in them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EN } from '../../admin-ui/src/words/en.ts';
import { ZH } from '../../admin-ui/src/words/zh.ts';

const valuesIn = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

test('console words: English and Chinese have the same keys, none is empty, and both name the same values', () => {
  const keys = Object.keys(EN) as (keyof typeof EN)[];
  assert.ok(keys.length > 100, `only ${keys.length} words`);
  assert.deepEqual(Object.keys(ZH).sort(), [...keys].sort());
  for (const key of keys) {
    assert.ok(ZH[key].trim() !== '' && EN[key].trim() !== '', key);
    assert.deepEqual(valuesIn(ZH[key]), valuesIn(EN[key]), key);
  }
});
