/** compilePattern(): each construct against PCRE2, random patterns, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePattern, Matcher, PatternError } from '../../../waf/regex/pattern.ts';
import { assertAgreed, compare } from './agreement.ts';
import { CONSTRUCTS, REFUSED, SUBJECTS } from './pattern.vectors.ts';
import { randomPattern, randomSigns } from './patterns.ts';
import { pcre2, skip } from './pcre2.ts';
import { type Random, randomOf } from './values.ts';

test('Pattern: each construct matches what it matches in PCRE2, groups included', { skip }, () => {
  using judge = pcre2();
  const asked = CONSTRUCTS.flatMap(source => [
    { source },
    { source, caseless: true },
    { source, multiline: true },
  ]);
  const judged = judge.judge(asked, SUBJECTS, { groups: true });
  for (const [at, { faultAt }] of judged.entries()) assert.equal(faultAt, undefined, asked[at]!.source);
  assertAgreed(compare(asked, SUBJECTS, judged), 10_000);
});

const shortValues = (random: Random): string[] =>
  Array.from({ length: 60 }, () =>
    Array.from({ length: random(10) }, () => 'abcAB \n\xff1'[random(9)]).join(''),
  );

for (const kind of ['regular', 'irregular'] as const)
  test(`Pattern: random ${kind} patterns match what they match in PCRE2`, { skip }, () => {
    using judge = pcre2();
    const random = randomOf(kind === 'regular' ? 21 : 22);
    const asked = Array.from({ length: 1500 }, () => ({
      source: randomPattern(random, kind === 'irregular'),
      caseless: random(4) === 0,
      multiline: random(4) === 0,
    }));
    const values = shortValues(random);
    assertAgreed(compare(asked, values, judge.judge(asked, values, { groups: true })), 60_000);
  });

test('compilePattern: takes no pattern that PCRE2 refuses, and any signs are a pattern or an error', {
  skip,
}, () => {
  using judge = pcre2();
  const random = randomOf(23);
  const asked = Array.from({ length: 6000 }, () => ({ source: randomSigns(random) }));
  let good = 0;
  for (const [at, { faultAt }] of judge.judge(asked, []).entries()) {
    const { source } = asked[at]!;
    try {
      compilePattern(source);
      good++;
      assert.equal(faultAt, undefined, `PCRE2 refuses ${JSON.stringify(source)}`);
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      assert.ok(error.offset >= 0 && error.offset <= source.length, source);
    }
  }
  assert.ok(good > 1000, `only ${good} were patterns`);
});

test('compilePattern: what it cannot do is an error with an offset', () => {
  for (const [source, offset, reason] of REFUSED)
    assert.throws(() => compilePattern(source), { name: 'Error', offset, reason }, source);
});

test('compilePattern: no text makes it run long or deep', () => {
  const sources = [
    '('.repeat(100_000),
    '['.repeat(100_000),
    '((((a{9}){9}){9}){9}){9}'.repeat(40),
    '(((a{1000}){1000}){1000})',
    '((((){65535}){65535}){65535}){65535}',
    `${'(?:a?'.repeat(200)}${'){0,9}'.repeat(200)}`,
    `${'(?>a|'.repeat(200)}b${')*'.repeat(200)}`,
    'a|'.repeat(100_000),
    '(?=a)'.repeat(20_000),
  ];
  for (const source of sources) {
    try {
      compilePattern(source).test('aaaa');
    } catch (error) {
      assert.ok(error instanceof PatternError, `${source.slice(0, 40)}: ${error}`);
    }
  }
});

test('compilePattern: equal patterns are one object, and options make them others', () => {
  const matcher = new Matcher();
  const one = matcher.compile('ab+');
  assert.equal(matcher.compile('ab+', { caseless: false }), one);
  assert.notEqual(matcher.compile('ab+', { caseless: true }), one);
  assert.notEqual(matcher.compile('ab+', { multiline: true }), one);
});

test('Pattern: knows the length and the literals that a match needs', () => {
  const pattern = compilePattern('(?i)union\\s+(?:all\\s+)?select|<script[^>]*>');
  assert.equal(pattern.minLength, 8);
  assert.deepEqual(pattern.literals?.toSorted(), ['<script', 'select']);
  assert.equal(compilePattern('\\w+\\s*').literals, undefined);
  assert.equal(compilePattern('(?:abc)?').literals, undefined);
});

test('Pattern: exec gives the groups that are asked for', () => {
  const pattern = compilePattern('(a+)(b)?(c)');
  assert.deepEqual(pattern.exec('xaac'), ['aac', 'aa', undefined, 'c']);
  assert.deepEqual(pattern.exec('xaac', 1), ['aac', 'aa']);
  assert.deepEqual(pattern.exec('xaac', 0), ['aac']);
  assert.equal(pattern.exec('xab'), undefined);
});

test('Pattern: one that is not regular comes to its limit, says so, and takes it for a match', () => {
  const pattern = compilePattern('(a|b)*\\1c');
  assert.equal(pattern.regular, false);
  const value = `${'ab'.repeat(1500)}c`;
  assert.equal(pattern.test(value), true);
  assert.equal(pattern.gaveUp, true);
  assert.equal(pattern.test('aac'), true);
  assert.equal(pattern.gaveUp, false);
});
