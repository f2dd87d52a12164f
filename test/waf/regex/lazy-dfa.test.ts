/** Automata with little memory: the same answers, within their limits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Matcher } from '../../../waf/regex/pattern.ts';
import { randomPattern } from './patterns.ts';
import { noise, randomOf } from './values.ts';

/** It must remember which of the last 12 bytes were an `a`: 4096 states and more. */
const MANY_STATES = '(?:a[ab]{12}|b[ab]{12}a)c';

const letters = (random: (below: number) => number, length: number) =>
  Array.from({ length }, () => 'ab'[random(2)]).join('');

test('LazyDfa: flushes and plain runs change no answer', () => {
  const roomy = new Matcher();
  const tight = new Matcher({ patternTableBytes: 1500 });
  const random = randomOf(41);
  let flushes = 0;
  let plainRuns = 0;
  let matches = 0;
  for (let round = 0; round < 300; round++) {
    const source = round % 10 === 0 ? MANY_STATES : randomPattern(random, false);
    const [wide, narrow] = [roomy.compile(source), tight.compile(source)];
    for (let turn = 0; turn < 20; turn++) {
      const value =
        turn % 2 ? letters(random, random(600)) + 'c'.repeat(random(2)) : noise(random(200), random);
      assert.equal(narrow.test(value), wide.test(value), JSON.stringify({ source, value }));
      if (!wide.test(value)) continue;
      matches++;
      assert.deepEqual(narrow.exec(value), wide.exec(value), JSON.stringify({ source, value }));
    }
    flushes += narrow.statistics.flushes;
    plainRuns += narrow.statistics.plainRuns;
    assert.equal(wide.statistics.plainRuns, 0);
  }
  assert.ok(matches > 100 && flushes > 1000 && plainRuns > 100, `${matches} ${flushes} ${plainRuns}`);
});

test('LazyDfa: a value that makes states and states stays within the memory of its pattern', () => {
  const limit = 64 << 10;
  const matcher = new Matcher({ patternTableBytes: limit });
  const pattern = matcher.compile(MANY_STATES);
  const random = randomOf(42);
  for (let round = 0; round < 20; round++) {
    pattern.test(letters(random, 20_000));
    assert.ok(pattern.statistics.bytes <= limit, `${pattern.statistics.bytes}`);
    assert.equal(matcher.memory.usedBytes, pattern.statistics.bytes);
  }
  assert.ok(pattern.statistics.plainRuns > 0, 'it was never found not worth while');
});

test('TableMemory: all patterns together stay within their sum', () => {
  const matcher = new Matcher({ tableBytes: 200 << 10, patternTableBytes: 100 << 10 });
  const patterns = Array.from({ length: 12 }, (_, at) => matcher.compile(`${MANY_STATES}${'c'.repeat(at)}$`));
  const random = randomOf(43);
  for (let round = 0; round < 5; round++)
    for (const pattern of patterns) {
      pattern.test(letters(random, 400));
      assert.ok(matcher.memory.usedBytes <= 200 << 10, `${matcher.memory.usedBytes}`);
    }
  assert.ok(matcher.memory.sweeps > 0, 'the sum was never reached');
  const told = patterns.reduce((sum, pattern) => sum + pattern.statistics.bytes, 0);
  assert.equal(matcher.memory.usedBytes, told);
});

test('Matcher: patterns that nobody holds any more give back their memory', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const matcher = new Matcher();
  const random = randomOf(44);
  const load = () => {
    for (let at = 0; at < 200; at++) {
      const pattern = matcher.compile(`x${at}|${MANY_STATES}`);
      pattern.test(letters(random, 300));
      pattern.exec(`${letters(random, 300)}x${at}`);
    }
  };
  load();
  assert.ok(matcher.memory.usedBytes > 1 << 20, `${matcher.memory.usedBytes}`);
  for (let tries = 0; matcher.size + matcher.memory.usedBytes > 0 && tries < 500; tries++) {
    await new Promise(resolve => setTimeout(resolve, 10));
    collect();
  }
  assert.equal(matcher.size, 0);
  assert.equal(matcher.memory.usedBytes, 0);
});
