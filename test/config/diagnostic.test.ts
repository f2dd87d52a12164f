/** What stays of very many faults, and of very long words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Faults } from '../../config/diagnostic.ts';

const at = (line: number) => ({ file: '/a', line, column: 1, length: 1 });

test('faults: a thousand errors are told, then that there are more; warnings take none of their room', () => {
  const faults = new Faults();
  for (let line = 1; line <= 1500; line++) faults.warn('deprecated', 'old', at(line));
  assert.equal(faults.hasErrors, false);
  for (let line = 1; line <= 1500; line++) faults.error('syntax', 'wrong', at(line));
  assert.ok(faults.hasErrors && faults.isFull);
  const codes = Map.groupBy(faults.list, ({ severity, code }) => `${severity} ${code}`);
  assert.deepEqual([...codes].map(([code, list]) => `${code}: ${list.length}`).sort(), [
    'error syntax: 1000',
    'error too-many-faults: 1',
    'warning deprecated: 1000',
    'warning too-many-faults: 1',
  ]);
});

test('faults: of a text without end its two ends are told', () => {
  const faults = new Faults();
  faults.error('syntax', `the word "${'x'.repeat(1e6)}" is not closed`, at(1), `end "${'x'.repeat(1e6)}"`);
  const [{ message, hint = '' } = { message: '' }] = faults.list;
  assert.match(message, /^the word "x+ \.\.\. x+" is not closed$/);
  assert.ok(message.length < 1000 && hint.length < 1000);
});
