/** Queries and forms as arguments. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readUrlencoded } from '../../../waf/body/urlencoded.ts';

function read(text: string, separator = '&'): { pairs: [string, string][]; malformed: number } {
  const pairs: [string, string][] = [];
  let malformed = 0;
  readUrlencoded(text, separator, {
    argument: (name, value) => pairs.push([name, value]) > 0,
    malformed: () => void malformed++,
  });
  return { pairs, malformed };
}

const VECTORS: readonly [string, [string, string][], number][] = [
  [
    'a=1&b=2',
    [
      ['a', '1'],
      ['b', '2'],
    ],
    0,
  ],
  [
    'a&b=&=c',
    [
      ['a', ''],
      ['b', ''],
      ['', 'c'],
    ],
    0,
  ],
  ['&&a=1&&', [['a', '1']], 0],
  ['a=b=c', [['a', 'b=c']], 0],
  ['a+b=c+%2B', [['a b', 'c +']], 0],
  ['%61%3d=%00%ff', [['a=', '\0\xff']], 0],
  [
    'a=%&b=%4&c=%zz&d=%%41',
    [
      ['a', '%'],
      ['b', '%4'],
      ['c', '%zz'],
      ['d', '%A'],
    ],
    4,
  ],
  ['a=1;b=2', [['a', '1;b=2']], 0],
];

test('readUrlencoded: pairs, and signs that are malformed', () => {
  for (const [text, pairs, malformed] of VECTORS) assert.deepEqual(read(text), { pairs, malformed }, text);
  assert.deepEqual(read('a=1;b=2', ';').pairs, [
    ['a', '1'],
    ['b', '2'],
  ]);
});
