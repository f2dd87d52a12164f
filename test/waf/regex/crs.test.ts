/** The patterns of installed rule sets against PCRE2: whether they match, the groups, and what the prefilter leaves out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePattern } from '../../../waf/regex/pattern.ts';
import { buildPrefilter, isCandidate } from '../../../waf/regex/prefilter.ts';
import { readTree } from '../../../waf/regex/tree.ts';
import { assertAgreed, compare } from './agreement.ts';
import { skip as noPcre, pcre2 } from './pcre2.ts';
import { crsPatterns, skip as noRules, ruleFolders } from './rules.ts';
import { hostileFor, noise, randomOf, valuesFor } from './values.ts';

const skip = noRules || noPcre;

for (const folder of ruleFolders) {
  const patterns = crsPatterns(folder);

  test(`compilePattern: takes all patterns of ${folder}`, () => {
    assert.ok(patterns.length > 200, `only ${patterns.length} patterns were read`);
    for (const { source } of patterns) assert.doesNotThrow(() => compilePattern(source), source);
    const irregular = patterns.filter(({ source }) => !compilePattern(source).regular);
    assert.ok(irregular.length <= 3, `not regular: ${irregular.map(({ id }) => id)}`);
  });

  test(`Pattern: says what PCRE2 says, for ${folder}`, { skip }, () => {
    using judge = pcre2();
    const random = randomOf(11);
    const values = patterns.flatMap(({ source }) => valuesFor(readTree(source, {}).node, 3, random));
    for (let left = 40; left > 0; left--) values.push(noise(random(120), random));
    values.push('', '\n', '\0');
    assertAgreed(compare(patterns, values, judge.judge(patterns, values, { groups: true })), 150_000);
  });

  test(`Pattern: says what PCRE2 says with multiline, for ${folder}`, { skip }, () => {
    using judge = pcre2();
    const random = randomOf(12);
    const lines = patterns.map(({ source }) => ({ source, multiline: true }));
    const values = patterns.flatMap(({ source }) => {
      const [one = '', two = ''] = valuesFor(readTree(source, {}).node, 2, random);
      return [`${one}\n${two}`, `${one}\n`];
    });
    assertAgreed(compare(lines, values, judge.judge(lines, values, { groups: true })), 100_000);
  });

  test(`Pattern: hostile values are decided as PCRE2 does where it can, for ${folder}`, { skip }, () => {
    using judge = pcre2();
    const random = randomOf(13);
    let decided = 0;
    for (const lengthBytes of [1 << 10, 8 << 10])
      for (const [at, pattern] of patterns.entries()) {
        if (lengthBytes > 1 << 10 && at % 3 > 0) continue; // PCRE2 takes its time
        const values = hostileFor(readTree(pattern.source, {}).node, lengthBytes, random).slice(0, 3);
        const tally = compare([pattern], values, judge.judge([pattern], values, { limit: 5000 }));
        assert.deepEqual(tally.differences, []);
        if (compilePattern(pattern.source).regular) assert.equal(tally.gaveUp, 0, pattern.id);
        decided += tally.compared;
      }
    assert.ok(decided > patterns.length * 3, `PCRE2 decided only ${decided} of them`);
  });

  test(`Pattern: what it says of 64 KB is what it finds there, for ${folder}`, () => {
    const random = randomOf(15);
    let found = 0;
    for (const { id, source } of patterns) {
      const pattern = compilePattern(source);
      for (const value of hostileFor(readTree(source, {}).node, 64 << 10, random)) {
        const says = pattern.test(value);
        assert.ok(!pattern.gaveUp || !pattern.regular, id);
        const groups = pattern.exec(value);
        assert.equal(groups !== undefined, says, `${id} on ${JSON.stringify(value.slice(0, 100))}`);
        if (!pattern.gaveUp && groups) assert.ok(value.includes(groups[0]!), id);
        if (says) found++;
      }
    }
    assert.ok(found > patterns.length, `only ${found} matches`);
  });

  test(`buildPrefilter: leaves out no pattern that matches, for ${folder}`, () => {
    const compiled = patterns.map(({ source }) => compilePattern(source));
    const prefilter = buildPrefilter(compiled);
    const random = randomOf(14);
    let matches = 0;
    let spared = 0;
    for (const { source } of patterns)
      for (const value of valuesFor(readTree(source, {}).node, 5, random)) {
        const candidates = prefilter.scan(value).slice();
        compiled.forEach((pattern, number) => {
          const may = isCandidate(candidates, number);
          if (!may) spared++;
          if (!pattern.test(value)) return;
          matches++;
          assert.ok(may, `${pattern.source} on ${JSON.stringify(value)}`);
        });
      }
    assert.ok(matches > 1000, `only ${matches} matches`);
    assert.ok(spared > matches, `only ${spared} runs were spared`);
  });
}

if (ruleFolders.length === 0) test('Pattern: installed rule sets', { skip: noRules }, () => {});
