/** A decision is named by its number: each page has one of its own. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

test('decisions: no two pages carry one number', () => {
  const pages = readdirSync(join(import.meta.dirname, '../../docs/decisions'));
  assert.ok(pages.length > 0, 'there are no pages');
  const numbers = pages.map(page => /^(\d{3})-[a-z0-9-]+\.md$/.exec(page)?.[1]);
  assert.ok(!numbers.includes(undefined), `a page without a number: ${pages[numbers.indexOf(undefined)]}`);
  const twice = pages.filter((_, at) => numbers.indexOf(numbers[at]) !== at);
  assert.deepEqual(twice, [], 'these numbers are taken');
});
