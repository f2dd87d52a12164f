/** Every transformation against its vectors, and against what all of them owe a value. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { TRANSFORMS } from '../../waf/transform/table.ts';
import { urlDecodeUniWith } from '../../waf/transform/url-decode.ts';
import { numbers } from './numbers.ts';

const FOLDER = new URL('./transform/', import.meta.url);

/** `[value, what becomes of it]`, both as one-byte strings. */
type Vector = readonly [string, string];

for (const transform of TRANSFORMS.values()) {
  test(`t:${transform.name}: its vectors`, () => {
    const vectors: readonly Vector[] = JSON.parse(
      readFileSync(new URL(`${transform.name}.json`, FOLDER), 'utf8'),
    );
    assert.ok(vectors.length >= 3, 'at least three vectors');
    for (const [value, expected] of vectors)
      assert.equal(transform.run(value), expected, JSON.stringify(value));
  });

  test(`t:${transform.name}: says of which bytes a value must hold one to be changed`, () => {
    const { reactsTo, reactsToLeadingDot = false, changesCaseOnly, run } = transform;
    if (reactsTo === undefined) return;
    const random = numbers(transform.name.length);
    const every = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
    const others = every.filter(char => !reactsTo.includes(char));
    for (let round = 0; round < 2000; round++) {
      const value = Array.from({ length: random(12) }, () => others[random(others.length)]).join('');
      if (reactsToLeadingDot && value.startsWith('.')) continue;
      assert.equal(run(value), value);
    }
    if (changesCaseOnly) assert.equal(run(every.join('')).toLowerCase(), every.join('').toLowerCase());
  });

  test(`t:${transform.name}: a result is no longer than it says`, () => {
    const { most = value => value.length, run } = transform;
    const random = numbers(transform.name.length + 7);
    const pieces = [
      'a',
      'Zz',
      '4',
      '+',
      '/',
      '=',
      '%',
      '41',
      '%u00',
      '&lt;',
      '&#60',
      '\\x',
      ' ',
      '\0',
      '\xc3\xa9',
      '\xff',
      '..',
    ];
    for (let round = 0; round < 2000; round++) {
      const value = Array.from({ length: random(12) }, () => pieces[random(pieces.length)]).join('');
      assert.ok(run(value).length <= most(value), JSON.stringify(value));
    }
  });

  test(`t:${transform.name}: bytes in, bytes out, and no value makes it slow or throw`, () => {
    const every = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('');
    const leads = [
      '\\',
      '&',
      '&#',
      '%',
      '%u',
      '/',
      '/*',
      '/../',
      '<!--',
      '0x',
      '+',
      '\xc3',
      '\xe2\x82',
      '\\u00',
      ' ',
    ];
    for (const value of [every, ...leads.map(lead => lead.repeat(20_000))]) {
      assert.doesNotMatch(transform.run(value), /[^\0-\xff]/);
    }
  });
}

test('every vector file belongs to a transformation', () => {
  const files = readdirSync(FOLDER).map(file => file.replace('.json', ''));
  const names = [...TRANSFORMS.values()].map(transform => transform.name);
  assert.deepEqual(files.sort(), names.sort());
});

test('t:urlDecodeUni takes %uHHHH from the code page, and the low byte where the page has none', () => {
  const page = new Int16Array(65536).fill(-1);
  page[0x2039] = 0x3c;
  const { run } = urlDecodeUniWith(page);
  assert.equal(run('%u2039%u0141%uff1e'), '<A>');
});

test('long values of one piece are rewritten in one pass', () => {
  const pieces = [
    '%a',
    '%25',
    '%u00',
    '+',
    '&#',
    '&#1',
    '&lt',
    '\\',
    '\\u',
    '\\x4',
    '/',
    '../',
    './',
    '/*',
    '\xc3\xa4',
    '\xf0',
    '\0',
    ' ',
    ',',
  ];
  for (const { run, most } of TRANSFORMS.values())
    for (const piece of pieces) {
      const value = piece.repeat(30_000);
      assert.ok(run(value).length <= (most?.(value) ?? value.length));
    }
});
