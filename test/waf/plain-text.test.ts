/** The short way past SQL: what it passes is no attack by the long way either. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPlainText } from '../../waf/injection/plain-text.ts';
import { sqlFingerprints } from '../../waf/injection/sql-fingerprints.ts';
import { sqlInjection } from '../../waf/injection/sql-injection.ts';
import { SQL_WORDS } from '../../waf/injection/sql-words.ts';
import { numbers } from './numbers.ts';

test('isPlainText: words and numbers that SQL does not know', () => {
  for (const value of ['', 'hello', 'Article 12', 'json.items.array_0.name', '1012', '  two  spaces ', 'a_b'])
    assert.ok(isPlainText(value), value);
  for (const value of [
    'select',
    'x UNION y',
    'sys.x',
    "o'neill",
    '1.5',
    '1e5',
    '12px',
    'a.1',
    'a.',
    '.a',
    'a-b',
    'or',
  ])
    assert.ok(!isPlainText(value), value);
});

test('isPlainText: no fingerprint consists of names and numbers', () => {
  assert.ok(sqlFingerprints().length > 1000);
  assert.deepEqual(
    sqlFingerprints().filter(one => /^[N1]*$/i.test(one)),
    [],
  );
});

test('isPlainText: what it passes is no attack', () => {
  const words = [...SQL_WORDS.keys()].filter(word => /^[A-Z]/.test(word));
  const random = numbers(11);
  const pieces = ['a', 'Zed', '_x', '1', '0', '99', '.', ' ', ' ', ' ', 'e5', 'x1', 'json'];
  let passed = 0;
  for (let round = 0; round < 50_000; round++) {
    let value = '';
    for (let n = random(7); n >= 0; n--)
      value += random(6) === 0 ? words[random(words.length)]! : pieces[random(pieces.length)]!;
    if (!isPlainText(value)) continue;
    passed++;
    assert.equal(sqlInjection(value), undefined, JSON.stringify(value));
  }
  assert.ok(passed > 1000, `only ${passed} were passed`);
});
