/** docs/reference/metrics.md: every family and every reason of the L4 tier and of virtual routers is on it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { REASONS } from '../../l4/layout.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/reference/metrics.md'), 'utf8');
const named = new Set(page.match(/(?<=`)[a-z0-9_-]+(?=[`{])/g));

test('metrics.md: tells all reasons', () => {
  assert.deepEqual(
    REASONS.filter(reason => !named.has(reason)),
    [],
  );
});

test('metrics.md: tells all families of control, and no others', () => {
  const folder = join(root, 'control/metrics');
  const texts = readdirSync(folder).map(name => readFileSync(join(folder, name), 'utf8'));
  const families = texts.flatMap(text => text.match(/(?<=')(?:l4|vrrp|gslb)_[a-z0-9_]+(?=')/g) ?? []);
  assert.ok(families.length > 20);
  const told = [...named].filter(name => /^moat_(l4|vrrp|gslb)_/.test(name)).map(name => name.slice(5));
  assert.deepEqual(told.sort(), [...new Set(families)].sort());
});
