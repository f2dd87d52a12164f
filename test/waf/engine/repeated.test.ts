/** Values that come again: what is remembered of them changes nothing of what rules find, and stays bounded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRules, formatWafDiagnostic, type RuleLoader, type RuleSet, type Transaction } from '#waf';
import { readTree } from '../../../waf/regex/tree.ts';
import { Text } from '../../../waf/text.ts';
import { TextShelf } from '../../../waf/text-shelf.ts';
import { compiled, headOf } from '../engine.ts';
import { fileLoader } from '../file-loader.ts';
import { crsPatterns, ruleFolders, skip } from '../regex/rules.ts';
import { hostileFor, randomOf } from '../regex/values.ts';

function inspect(rules: RuleSet, value: string): Transaction {
  const headers = ['Host', 'www.example.com', 'User-Agent', value, 'Cookie', `a=${value.replace(/;/g, '')}`];
  const transaction = rules.transaction(
    headOf({ target: `/search?q=${encodeURIComponent(value)}&again=${encodeURIComponent(value)}`, headers }),
  );
  transaction.inspectHead();
  transaction.inspectRequest();
  transaction.finish();
  return transaction;
}

/** All that an operator could see of it. */
const findings = (transaction: Transaction): string =>
  JSON.stringify(
    transaction.matchedRules.map(({ rule, message, data, matches }) => [rule.id, message, data, matches]),
  );

const idsOf = (transaction: Transaction): number[] => transaction.matchedRules.map(({ rule }) => rule.id);

function crsAtLevel(level: number): RuleSet {
  const engine = `SecRuleEngine DetectionOnly
SecAction "id:3,phase:1,pass,nolog,setvar:tx.paranoia_level=${level},setvar:tx.executing_paranoia_level=${level}"
Include /usr/share/modsecurity-crs/owasp-crs.load
`;
  const loader: RuleLoader = {
    read: path => (path === '/engine.conf' ? engine : fileLoader.read(path)),
    glob: fileLoader.glob,
  };
  const { rules, diagnostics } = compileRules(['/engine.conf'], loader);
  assert.ok(rules, diagnostics.map(formatWafDiagnostic).join('\n'));
  return rules;
}

test('the OWASP rules find the same the first time and the fifth', { skip }, () => {
  const random = randomOf(41);
  const patterns = crsPatterns(ruleFolders[0]!);
  const values = patterns.flatMap(({ source }) => {
    const hostile = hostileFor(readTree(source, {}).node, 40, random);
    const value = hostile[random(hostile.length)]!.slice(0, 60);
    // Not toUpperCase: it makes letters of µ and ÿ that are no bytes.
    const upper = value.replace(/[a-z]/g, letter => letter.toUpperCase());
    return [value, upper, value.toLowerCase()];
  });
  const rules = crsAtLevel(4);
  let matched = 0;
  for (let from = 0; from < values.length; from += 12) {
    const some = values.slice(from, from + 12);
    const first = some.map(value => findings(inspect(rules, value)));
    for (let turn = 0; turn < 3; turn++) for (const value of some) inspect(rules, value);
    some.forEach((value, at) => {
      assert.equal(findings(inspect(rules, value)), first[at], JSON.stringify(value));
      if (first[at] !== '[]') matched++;
    });
  }
  assert.ok(matched > 100, `${matched} values matched a rule`);
});

const RULES = `
SecRule ARGS "@rx select" "id:1,phase:2,pass,t:none"
SecRule ARGS "@rx select" "id:2,phase:2,pass,t:none,t:lowercase"
SecRule ARGS "@rx ^select$" "id:3,phase:2,pass,t:none,multiMatch,t:lowercase,t:trim"
SecRule ARGS "!@rx ^[a-z]+$" "id:4,phase:2,pass,t:none"
SecRule ARGS "@rx %{REQUEST_HEADERS.host}" "id:5,phase:2,pass,t:none"
SecRule ARGS "@detectSQLi" "id:6,phase:2,pass,t:none,t:urlDecodeUni"
SecRule ARGS "@rx select" "id:7,phase:2,pass,t:none,chain"
  SecRule REQUEST_HEADERS:Host "@streq select" "t:none,t:lowercase"
SecRule REQUEST_HEADERS:Host "@rx select" "id:8,phase:1,pass,t:none"
SecRule REQUEST_HEADERS:Host "@rx SELECT" "id:9,phase:1,pass,t:none,t:uppercase"
`;

test('what one rule has found out of a value is not taken for another', () => {
  const rules = compiled(RULES);
  const ids = (value: string, host: string): number[] => {
    const transaction = rules.transaction(
      headOf({ target: `/?q=${encodeURIComponent(value)}`, headers: ['Host', host] }),
    );
    transaction.inspectHead();
    transaction.inspectRequest();
    return idsOf(transaction);
  };
  const cases: readonly (readonly [value: string, host: string, expected: readonly number[]])[] = [
    ['select', 'example.com', [1, 2, 3]],
    ['SELECT', 'example.com', [2, 3, 4]],
    ['SELECT', 'SELECT', [9, 2, 3, 4, 5]],
    [' Select ', 'select', [8, 9, 2, 3, 4]],
    ['select', 'select', [8, 9, 1, 2, 3, 5, 7]],
    ['selects', 'select', [8, 9, 1, 2, 5, 7]],
    ["1' or '1'='1", 'example.com', [4, 6]],
    ['plain', 'plain', [5]],
    ['plain', 'example.com', []],
  ];
  for (let turn = 0; turn < 5; turn++)
    for (const [value, host, expected] of cases)
      assert.deepEqual(ids(value, host), expected, `${value} at ${host}, turn ${turn}`);
});

test('what is remembered is bounded, and what keeps coming stays', () => {
  const shelf = new TextShelf();
  const keep = (value: string) => shelf.keep(new Text(value, [], 0, true));
  keep('always');
  for (let n = 0; n < 20_000; n++) {
    keep(`${n}${'x'.repeat(n % 200)}`);
    assert.ok(shelf.find('always'), `forgotten after ${n}`);
    assert.ok(shelf.size <= 1024);
  }
  assert.equal(shelf.find('7xxxxxxx'), undefined);
});

test('a value is worth keeping when it comes again, and long ones never are', () => {
  const shelf = new TextShelf();
  assert.equal(shelf.glimpse('text/html'), false);
  assert.equal(shelf.glimpse('text/css'), false);
  assert.equal(shelf.glimpse('text/html'), true);
  const long = 'x'.repeat(300);
  assert.equal(shelf.glimpse(long), false);
  assert.equal(shelf.glimpse(long), false);
});
