/** AhoCorasick and the prefilter, against looking for each word by itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AhoCorasick } from '../../../waf/regex/aho-corasick.ts';
import { buildPrefilter, isCandidate } from '../../../waf/regex/prefilter.ts';
import { type Random, randomOf } from './values.ts';

const text = (random: Random, length: number) =>
  Array.from({ length }, () => 'abcAB\xe9'[random(6)]).join('');

/** Slowly, but plainly: ends first, then longest. */
function firstOf(words: readonly string[], value: string) {
  for (let end = 1; end <= value.length; end++) {
    const here = words.filter(word => value.slice(0, end).endsWith(word)).sort((a, b) => b.length - a.length);
    if (here[0] !== undefined) return { word: words.indexOf(here[0]), start: end - here[0].length, end };
  }
  return undefined;
}

const folded = (value: string) => value.replace(/[A-Z]/g, letter => letter.toLowerCase());

for (const caseless of [false, true])
  test(`AhoCorasick: finds what is found word by word, ${caseless ? 'in any case' : 'case by case'}`, () => {
    const random = randomOf(caseless ? 31 : 32);
    const fold = caseless ? folded : (value: string) => value;
    let found = 0;
    for (let round = 0; round < 400; round++) {
      const words = Array.from({ length: 1 + random(6) }, () => text(random, 1 + random(5)));
      const automaton = new AhoCorasick(words, { caseless });
      for (let turn = 0; turn < 20; turn++) {
        const value = text(random, random(20));
        const expected = firstOf(words.map(fold), fold(value));
        assert.deepEqual(automaton.search(value), expected, JSON.stringify({ words, value }));
        assert.equal(automaton.test(value), expected !== undefined);
        const all = new Set(words.map(fold).filter(word => fold(value).includes(word)));
        const told = automaton.all(value).map(number => fold(words[number]!));
        assert.deepEqual(told.toSorted(), [...all].sort(), JSON.stringify({ words, value }));
        if (expected) found++;
      }
    }
    assert.ok(found > 500, `only ${found} were found`);
  });

test('AhoCorasick: takes all 256 bytes, no words, and no empty word', () => {
  const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
  const automaton = new AhoCorasick(bytes);
  for (const [word, byte] of bytes.entries())
    assert.deepEqual(automaton.search(byte), { word, start: 0, end: 1 });
  assert.equal(new AhoCorasick([]).test('anything'), false);
  assert.throws(() => new AhoCorasick(['a', '']), RangeError);
});

test('buildPrefilter: tells by literals, scan after scan', () => {
  const random = randomOf(33);
  const patterns = Array.from({ length: 70 }, (_, number) => ({
    literals:
      number % 9 === 0
        ? undefined
        : Array.from({ length: 1 + random(3) }, () => folded(text(random, 1 + random(4)))),
  }));
  const prefilter = buildPrefilter(patterns);
  assert.equal(prefilter.unfiltered, 8);
  let spared = 0;
  for (let round = 0; round < 500; round++) {
    const value = text(random, random(12));
    const candidates = prefilter.scan(value);
    for (const [number, { literals }] of patterns.entries()) {
      const expected = !literals || literals.some(literal => folded(value).includes(literal));
      assert.equal(isCandidate(candidates, number), expected, JSON.stringify({ literals, value }));
      if (!expected) spared++;
    }
  }
  assert.ok(spared > 1000);
});

test('buildPrefilter: a word is seen wherever it stands in a long value', () => {
  const words = ['ab', 'needle', 'xyzzy', 'qq', '%2e'];
  const prefilter = buildPrefilter(words.map(word => ({ literals: [word] })));
  const places = [
    0, 1, 30, 45, 46, 47, 48, 49, 50, 51, 90, 2040, 2045, 2048, 2050, 4085, 4090, 4091, 4092, 4096, 4100,
    8180, 8192,
  ];
  let seen = 0;
  for (const length of [95, 96, 97, 101, 4095, 4096, 4097, 4100, 9000])
    for (const [number, word] of words.entries())
      for (const place of [...places, length - word.length, length - word.length - 1]) {
        if (place + word.length > length) continue;
        const value = '.'.repeat(place) + word + '.'.repeat(length - place - word.length);
        assert.equal(value.length, length);
        const candidates = prefilter.scan(value);
        for (const other of words.keys())
          assert.equal(isCandidate(candidates, other), other === number, `${word} at ${place} of ${length}`);
        seen++;
      }
  assert.ok(seen > 500);
  assert.equal(prefilter.scan('.'.repeat(9000)), prefilter.scan('.'));
});

test('buildPrefilter: words longer than what is read in one piece', () => {
  const word = 'a'.repeat(5000);
  const prefilter = buildPrefilter([{ literals: [word] }]);
  assert.ok(isCandidate(prefilter.scan(`${'b'.repeat(3000)}${word}b`), 0));
  assert.ok(!isCandidate(prefilter.scan(`${'b'.repeat(3000)}${word.slice(1)}b`), 0));
});
