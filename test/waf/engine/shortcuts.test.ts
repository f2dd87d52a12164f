/** What the engine does not compute, because it cannot change the answer, does not change it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePattern } from '../../../waf/regex/pattern.ts';
import { TRANSFORMS } from '../../../waf/transform/table.ts';
import { compiled, ids, inspect } from '../engine.ts';
import { numbers } from '../numbers.ts';

const PIECES = [
  ...['a', 'on', 'Select', 'ALERT', 'json.items', '_', '0', '17', ' ', '  ', '\t', '\n', '\0', '\xa0'],
  ...[
    '<',
    '=',
    '"',
    "'",
    '`',
    '(',
    ')',
    '*',
    '+',
    ',',
    '-',
    '--',
    '.',
    '/',
    '/*',
    '*/',
    ':',
    ';',
    '\\',
    '|',
    '#',
  ],
  ...['%41', '&lt;', '&#60;', '\\x3c', '0x3c', '\xc3\xa9', '\xff', '$', '{', '}', '~', '^', '@', '!'],
];
const PATTERNS = [
  ...[
    '<[a-z]+',
    '(?:<|["\\x27]).*=',
    'on[a-z]*\\s*=',
    'a(?:lert)?\\(',
    '[^a-z0-9]',
    '^$',
    '\\s',
    '(?i)select|alert',
  ],
  ...[
    '(?:\\d|\\bon)[;,]',
    '[\\x80-\\xff]',
    '(?=.*<)a',
    '(?>a|[=;])+$',
    '(<)?a',
    '\\.\\./|\\$\\{',
    '(a|[=<])\\1',
    '[^=<>]{3}',
  ],
];
const CHAINABLE = [...TRANSFORMS.values()].filter(({ name }) => name !== 'none');

test('shortcuts: random rules match the values that their chain and pattern alone match', () => {
  const random = numbers(11);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
  let matched = 0;
  for (let round = 0; round < 120; round++) {
    const rules = Array.from({ length: 20 }, (_, at) => ({
      id: at + 1,
      chain: Array.from({ length: random(5) }, () => pick(CHAINABLE)),
      pattern: pick(PATTERNS),
      negated: random(4) === 0,
    }));
    const set = compiled(
      rules
        .map(({ id, chain, pattern, negated }) => {
          const steps = chain.map(({ name }) => `t:${name},`).join('');
          const written = pattern.replaceAll('"', '\\"');
          return `SecRule REQUEST_HEADERS:/^x-/ "${negated ? '!' : ''}@rx ${written}" "id:${id},phase:1,pass,${steps}log"`;
        })
        .join('\n'),
    );
    for (let request = 0; request < 6; request++) {
      const values = Array.from({ length: 1 + random(6) }, () =>
        Array.from({ length: random(5) }, () => pick(PIECES)).join(''),
      );
      const expected = rules.filter(({ chain, pattern, negated }) =>
        values.some(value => {
          const transformed = chain.reduce((text, { run }) => run(text), value);
          return compilePattern(pattern).test(transformed) !== negated;
        }),
      );
      const headers = values.flatMap((value, at) => [`x-${at}`, value]);
      const found = ids(inspect(set, { headers }));
      assert.deepEqual(
        found,
        expected.map(({ id }) => id),
        JSON.stringify({
          values,
          rules: rules.map(({ chain, ...rest }) => ({ ...rest, chain: chain.map(({ name }) => name) })),
        }),
      );
      matched += found.length;
    }
  }
  assert.ok(matched > 2000, `only ${matched} rules matched`);
});
