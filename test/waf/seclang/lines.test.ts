/** SecLang text as lines, words, actions and targets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitActions } from '../../../waf/seclang/action-list.ts';
import { logicalLines, splitWords } from '../../../waf/seclang/lines.ts';
import { parseOperatorText } from '../../../waf/seclang/operator-text.ts';
import { parseTargets, splitTargets, targetKey } from '../../../waf/seclang/targets.ts';

test('logicalLines: joins continued lines, knows where each began, drops comments and blanks', () => {
  const text = '# c \\\nSecRule A \\\n  "@rx b" \\\r\n  "id:1"\r\n\n  # d\nSecMarker X';
  assert.deepEqual(
    [...logicalLines(text)],
    [
      { text: 'SecRule A   "@rx b"   "id:1"', line: 2 },
      { text: 'SecMarker X', line: 7 },
    ],
  );
});

test('splitWords: quotes hold words, and only the quote itself is unescaped', () => {
  assert.deepEqual(splitWords('SecRule A "@rx \\"a\\" \\d\\\\" \'id:1, msg\''), [
    'SecRule',
    'A',
    '@rx "a" \\d\\\\',
    'id:1, msg',
  ]);
  assert.throws(() => splitWords('SecRule A "@rx'), /never closed/);
  assert.throws(() => splitWords('SecRule A "a"b'), /no space/);
});

const ACTION_VECTORS: readonly [string, [string, string | undefined][]][] = [
  [
    'id:1,deny',
    [
      ['id', '1'],
      ['deny', undefined],
    ],
  ],
  [
    "msg:'a, b',  T:none ",
    [
      ['msg', 'a, b'],
      ['t', 'none'],
    ],
  ],
  [
    "msg:'it\\'s',log",
    [
      ['msg', "it's"],
      ['log', undefined],
    ],
  ],
  [
    "setvar:'tx.a=+%{tx.b}',setvar:tx.c='d,e'",
    [
      ['setvar', 'tx.a=+%{tx.b}'],
      ['setvar', 'tx.c=d,e'],
    ],
  ],
  [
    'ctl:ruleRemoveTargetById=1;ARGS:a,pass',
    [
      ['ctl', 'ruleRemoveTargetById=1;ARGS:a'],
      ['pass', undefined],
    ],
  ],
  ["logdata:'a: %{x}'", [['logdata', 'a: %{x}']]],
  [', id:2 ,', [['id', '2']]],
];

test('splitActions: names, arguments, quotes', () => {
  for (const [text, expected] of ACTION_VECTORS)
    assert.deepEqual(
      splitActions(text).map(({ name, argument }) => [name, argument]),
      expected,
      text,
    );
  assert.throws(() => splitActions("msg:'a"), /never closed/);
});

test('parseOperatorText: @ names an operator, ! negates, a bare text is a pattern', () => {
  assert.deepEqual(parseOperatorText('!@rx ^a b'), { name: 'rx', negated: true, argument: '^a b' });
  assert.deepEqual(parseOperatorText('^a'), { name: 'rx', negated: false, argument: '^a' });
  assert.deepEqual(parseOperatorText('!^a'), { name: 'rx', negated: true, argument: '^a' });
  assert.deepEqual(parseOperatorText('@detectSQLi'), { name: 'detectSQLi', negated: false, argument: '' });
  assert.equal(parseOperatorText('@rx a\\\\\\\\b').argument, 'a\\\\b');
  assert.equal(parseOperatorText('@rx a\\\\b').argument, 'a\\\\b');
  assert.equal(parseOperatorText('@contains \\\\\\\\').argument, '\\\\\\\\');
});

test('splitTargets: a | within a pattern or quotes parts nothing', () => {
  assert.deepEqual(splitTargets("ARGS|!ARGS:/a|b/|ARGS:'/c|d/'|XML:/*|XML://@*"), [
    'ARGS',
    '!ARGS:/a|b/',
    "ARGS:'/c|d/'",
    'XML:/*',
    'XML://@*',
  ]);
});

const context = {
  compilePattern: (source: string) => new RegExp(source),
  namespaces: new Map<string, string>(),
};

test('parseTargets: modes and selectors', () => {
  const keys = (text: string) => parseTargets(text, context).map(targetKey);
  assert.deepEqual(keys('args|&TX:Score|!REQUEST_COOKIES:/__utm/|XML:/*|REQUEST_HEADERS:User-Agent'), [
    'ARGS',
    '&TX:score',
    '!REQUEST_COOKIES:/__utm/',
    'XML:/*',
    'REQUEST_HEADERS:user-agent',
  ]);
  assert.throws(() => parseTargets('ARG', context), /no variable/);
  assert.throws(() => parseTargets('REQUEST_URI:a', context), /no collection/);
  assert.throws(() => parseTargets('XML:/a[position()>1]', context), /not understood/);
  assert.throws(() => parseTargets('XML:/soap:Body', context), /not declared/);
});
