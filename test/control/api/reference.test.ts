/** docs/reference/api.md is made of the route table. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { GENERATE } from '#config';
import { apiPage } from '../../../control/api/reference.ts';
import { ROUTES } from '../../../control/api/route/table.ts';

test('api.md: is what the route table makes', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/reference/api.md'), 'utf8');
  assert.ok(page === apiPage(ROUTES), `docs/reference/api.md is out of date; run:\n\n    ${GENERATE}\n`);
});
