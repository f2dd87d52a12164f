/** Faulty rules: each fault is told with its line and a way out, and none makes a rule weaker. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compiled, faults } from '../engine.ts';

const rule = (rest: string) => `SecRule ARGS "@rx a" "${rest}"`;

const VECTORS: readonly [text: string, expected: RegExp][] = [
  ['SecRul ARGS "a" "id:1"', /^1: directive: there is no directive "SecRul": did you mean SecRule\?$/],
  ['SecRule ARGS', /^1: arguments: SecRule has 1 arguments: give 2 to 3$/],
  ['\n\nSecRule ARGZ "a" "id:1"', /^3: variable: there is no variable "ARGZ": did you mean ARGS\?$/],
  [
    'SecRule ARGS "@contian a" "id:1"',
    /^1: operator: there is no operator @contian: did you mean @contains\?$/,
  ],
  ['SecRule ARGS "@rx (a" "id:1"', /^1: operator: /],
  ['SecRule ARGS:/(/ "@rx a" "id:1"', /^1: pattern: /],
  ['SecRule ARGS "@pmFromFile none.data" "id:1"', /^1: operator: \/none\.data cannot be read/],
  ['SecRule ARGS "@within %{foo.bar}" "id:1"', /^1: variable: there is no variable "foo"/],
  [rule('id:1,deni'), /^1: action: there is no action "deni": did you mean deny\?$/],
  [rule('id:1,t:lowercas'), /^1: transformation: .*did you mean lowercase\?$/],
  [
    rule('id:1,exec:/bin/sh'),
    /^1: action: the action exec is not supported: a stranger would start a program with each request: alerts and waf events tell of matches$/,
  ],
  [rule('id:1,proxy:http://a'), /^1: action: the action proxy is not supported/],
  [rule('id:1,deny:now'), /^1: action: deny takes no argument/],
  [rule('id:1,msg'), /^1: action: msg has no argument/],
  [rule('phase:2'), /^1: id: the rule has no id/],
  [rule('id:0'), /^1: value: the id is "0"/],
  [rule('id:1,phase:6'), /^1: value: there is no phase "6"/],
  [rule('id:1,severity:HUGE'), /^1: value: the severity is "HUGE"/],
  [`${rule('id:1')}\n${rule('id:1')}`, /^2: id: the id 1 is taken by \/rules\.conf:1/],
  [rule('id:1,chain'), /^1: chain: the chain has no next rule/],
  [`${rule('id:1,chain')}\n${rule('deny')}`, /^2: chain: deny stands in a rule that continues a chain/],
  [`${rule('id:1,chain')}\nSecMarker X`, /^2: chain: a marker stands within a chain/],
  [rule('id:1,skipAfter:END'), /^1: marker: no marker "END" comes after the rule/],
  [`SecMarker END\n${rule('id:1,skipAfter:END')}`, /^2: marker: no marker "END" comes after the rule/],
  [rule('id:1,setvar:foo.a=1'), /^1: value: "foo.a" names no value to write/],
  [
    rule('id:1,ctl:ruleRemoveByIdd=1'),
    /^1: value: ctl has no option "ruleRemoveByIdd": did you mean ruleRemoveById\?$/,
  ],
  [rule('id:1,ctl:ruleRemoveTargetById=1'), /^1: value: ctl names no target/],
  [rule('id:1,ctl:ruleRemoveById=x'), /^1: value: "x" is no id of a rule/],
  ['SecRuleEngine Maybe', /^1: value: SecRuleEngine is "Maybe": give one of on, off, detectiononly$/],
  ['SecRuleScript a.lua', /^1: unsupported: SecRuleScript is not supported/],
  ['SecDefaultAction "log,pass"', /^1: defaults: default actions need a phase/],
  ['Include /none.conf', /^1: file: \/none\.conf is not there/],
  ['SecRuleUpdateActionById 9 "deny"', /^1: exclusion: there is no rule 9/],
  ['SecRule ARGS "a\nSecRule ARGS "b" "id:1"', /^1: syntax: the quote that opens "a" is never closed/],
  [rule("id:1,msg:'%{rule.msg}'"), /^1: macro: msg would have no end with %\{rule\.msg\} in it/],
  [rule("id:1,logdata:'%{RULE:logdata}'"), /^1: macro: logdata would have no end/],
  ['SecUnicodeMapFile none 20127', /^1: file: \/none cannot be read/],
  ['SecUnicodeMapFile rules.conf 20127', /^1: value: rules\.conf has no code page 20127/],
  ['SecRule ARGS "a', /^1: syntax: the quote that opens .* is never closed/],
];

test('faults: each has its line, its code and a way out', () => {
  for (const [text, expected] of VECTORS) {
    const found = faults(text);
    assert.ok(
      found.some(line => expected.test(line)),
      `${text}\n${found.join('\n')}`,
    );
  }
});

test('faults: all are collected', () => {
  assert.equal(faults('SecFoo 1\nSecRule ARGZ "a" "id:1"\nSecRuleEngine Maybe').length, 3);
});

test('include: relative to the file, by pattern in the order of names; optional files may be absent', () => {
  const files = { '/r/b.conf': 'SecAction "id:2"', '/r/a.conf': 'SecAction "id:1"' };
  const set = compiled('Include r/*.conf\nIncludeOptional /r/none.conf', {}, files);
  assert.equal(set.ruleCount, 2);
});

test('include: a circle ends', () => {
  assert.match(faults('Include /rules.conf').at(-1)!, /without end/);
});
