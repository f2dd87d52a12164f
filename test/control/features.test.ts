/** What `-V` claims is what the language knows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeDirectives } from '#config';
import { BUILT_BY_DEFAULT, BUILT_ON_REQUEST } from '../../control/features.ts';

const knows = (directive: string) => describeDirectives(directive)?.startsWith('Syntax:') ?? false;

test('features: a module is claimed when its directive is known, and only then', () => {
  const rows = Object.entries({ ...BUILT_BY_DEFAULT, ...BUILT_ON_REQUEST });
  let held = 0;
  for (const [name, { has, directive }] of rows) {
    if (directive === undefined) continue;
    held++;
    assert.equal(has, knows(directive), `control/features.ts: ${name} (${directive})`);
  }
  assert.ok(held > 40, `${held} rows`);
});
