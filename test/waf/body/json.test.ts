/** JSON bodies as arguments. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JsonFault, readJson } from '../../../waf/body/json.ts';
import { numbers } from '../numbers.ts';

function read(text: string, depth = 20): [string, string][] {
  const found: [string, string][] = [];
  readJson(text, depth, { argument: (name, value) => found.push([name, value]) > 0 });
  return found;
}

const VECTORS: readonly [string, [string, string][]][] = [
  ['{}', []],
  ['[]', []],
  [' "a" ', [['json', 'a']]],
  ['1', [['json', '1']]],
  [
    '{"a":1,"b":"x"}',
    [
      ['json.a', '1'],
      ['json.b', 'x'],
    ],
  ],
  ['{"a":{"b":{"c":true}}}', [['json.a.b.c', 'true']]],
  [
    '{"a":[1,[2],{"b":3}]}',
    [
      ['json.a.array_0', '1'],
      ['json.a.array_1.array_0', '2'],
      ['json.a.array_2.b', '3'],
    ],
  ],
  [
    '[[],{},null,false]',
    [
      ['json.array_2', ''],
      ['json.array_3', 'false'],
    ],
  ],
  ['{"a":"\\u0041\\n\\"\\\\\\/"}', [['json.a', 'A\n"\\/']]],
  ['"\\u00e9"', [['json', '\xc3\xa9']]],
  ['"\\ud83d\\ude00"', [['json', '\xf0\x9f\x98\x80']]],
  ['-1.5e+10', [['json', '-1.5e+10']]],
  ['{"":{"":1}}', [['json..', '1']]],
  [
    '{"a":1,"a":2}',
    [
      ['json.a', '1'],
      ['json.a', '2'],
    ],
  ],
];

test('readJson: names leaves by their paths', () => {
  for (const [text, expected] of VECTORS) assert.deepEqual(read(text), expected, text);
});

const FAULTY = [
  '',
  '{',
  '[',
  '{"a"}',
  '{"a":}',
  '{"a":1,}',
  '[1,]',
  '{a:1}',
  "{'a':1}",
  '01',
  '1.',
  '.5',
  '+1',
  'NaN',
  'tru',
  '"a',
  '"\n"',
  '"\\x"',
  '"\\u12"',
  '[1 2]',
  '1 1',
  '{"a":1}}',
  '\ufeff1',
  '[1}',
  '{"a":1]',
];

test('readJson: whatever RFC 8259 does not allow is a fault', () => {
  for (const text of FAULTY) {
    assert.throws(() => read(text), JsonFault, JSON.stringify(text));
    assert.throws(() => JSON.parse(text), SyntaxError, `${JSON.stringify(text)} is JSON after all`);
  }
});

test('readJson: takes what JSON.parse takes, for random documents', () => {
  const random = numbers(7);
  const make = (depth: number): unknown => {
    const kind = random(depth > 3 ? 4 : 6);
    if (kind === 0) return random(1000) / 8;
    if (kind === 1) return random(2) === 0;
    if (kind === 2) return null;
    if (kind === 3) return String.fromCharCode(...Array.from({ length: random(6) }, () => random(127)));
    if (kind === 4) return Array.from({ length: random(4) }, () => make(depth + 1));
    return Object.fromEntries(Array.from({ length: random(4) }, (_, n) => [`k${n}`, make(depth + 1)]));
  };
  const leaves = (value: unknown): number =>
    value && typeof value === 'object'
      ? Object.values(value).reduce((sum: number, one) => sum + leaves(one), 0)
      : 1;
  for (let round = 0; round < 300; round++) {
    const value = make(0);
    assert.equal(read(JSON.stringify(value, null, random(3))).length, leaves(value));
  }
});

test('readJson: depth and the length of all paths are bounded', () => {
  assert.throws(() => read('['.repeat(21) + ']'.repeat(21)), /nested deeper than 20/);
  assert.throws(() => read('['.repeat(1_000_000)), /nested deeper/);
  const key = 'k'.repeat(100_000);
  assert.throws(() => read(`{"${key}":[${Array.from({ length: 1000 }, () => 1).join(',')}]}`), /too long/);
});

test('readJson: the sink can end it', () => {
  const found: string[] = [];
  readJson('[1,2,3]', 5, { argument: (_, value) => found.push(value) < 2 });
  assert.deepEqual(found, ['1', '2']);
});
