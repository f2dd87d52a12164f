/** Fuzzy hashes and their likeness beside Debian's ssdeep. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fuzzyHash } from '../../waf/fuzzy/hash.ts';
import { likeness, readFuzzyHash } from '../../waf/fuzzy/likeness.ts';
import { numbers } from './numbers.ts';

const hasPeer = spawnSync('ssdeep', ['-V']).status === 0;
const skip = hasPeer ? false : 'ssdeep is not installed';

const textOf = (value: string): string => {
  const { blockSize, letters, doubled } = fuzzyHash(value);
  return `${blockSize}:${letters}:${doubled}`;
};

/** Random bytes, words, runs of one byte and pieces that repeat; then each once more with something put in and taken out. */
function values(seed: number): string[] {
  const pick = numbers(seed);
  const bytes = (count: number, kinds: number) =>
    String.fromCharCode(...Array.from({ length: count }, () => pick(kinds)));
  const made = ['', 'a', 'abc', '\0'.repeat(5000), 'a'.repeat(70_000), 'ab'.repeat(300)];
  for (const length of [1, 6, 7, 8, 63, 191, 192, 193, 500, 1000, 4000, 12_288, 12_289, 60_000]) {
    made.push(bytes(length, 256), bytes(length, 4), bytes(17, 256).repeat(Math.ceil(length / 17)));
    made.push(bytes(Math.ceil(length / 2), 256) + '\0'.repeat(length)); // the sum of its last bytes is 0
  }
  const changed = made.map(value => {
    const at = pick(value.length + 1);
    return value.slice(0, at) + bytes(1 + pick(40), 256) + value.slice(Math.min(value.length, at + pick(60)));
  });
  return [...made, ...changed];
}

const all = values(20261128);

function inFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'moat-fuzzy-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('fuzzyHash() gives what ssdeep gives', { skip }, () => {
  inFolder(folder => {
    const data = join(folder, 'data');
    mkdirSync(data);
    const names = all.map((value, at) => {
      const name = join(data, `${at}`);
      writeFileSync(name, value, 'latin1');
      return name;
    });
    const { stdout } = spawnSync('ssdeep', ['-b', '-s', ...names], { encoding: 'latin1' });
    const theirs = new Map(
      [...stdout.matchAll(/^(\S+),"(\d+)"$/gm)].map(([, hash, name]) => [Number(name), hash!]),
    );
    assert.ok(theirs.size >= all.length - 1, 'ssdeep hashes all but the empty file');
    for (const [at, hash] of theirs) assert.equal(textOf(all[at]!), hash, `value ${at}`);
  });
});

test('likeness() counts as ssdeep does', { skip }, () => {
  inFolder(folder => {
    const file = join(folder, 'hashes');
    const hashes = all.map(value => fuzzyHash(value));
    const lines = all.map((value, at) => `${textOf(value)},"${at}"\n`);
    writeFileSync(file, `ssdeep,1.1--blocksize:hash:hash,filename\n${lines.join('')}`);
    const { stdout } = spawnSync('ssdeep', ['-x', '-a', '-c', file], {
      encoding: 'latin1',
      maxBuffer: 1 << 26,
    });
    let counted = 0;
    let alike = 0;
    for (const [, one, other, score] of stdout.matchAll(/^"[^"]*?(\d+)","[^"]*?(\d+)",(\d+)$/gm)) {
      if (one === other) continue;
      const ours = likeness(hashes[Number(one)]!, hashes[Number(other)]!);
      assert.equal(ours, Number(score), `${lines[Number(one)]} and ${lines[Number(other)]}`);
      counted++;
      if (ours > 0 && ours < 100) alike++;
    }
    assert.ok(counted > 1000 && alike > 20, `${counted} pairs were compared, ${alike} of them partly alike`);
  });
});

test('readFuzzyHash() takes hashes only', () => {
  assert.deepEqual(readFuzzyHash('96:Ab+/:c,"a, b.txt"'), { blockSize: 96, letters: 'Ab+/', doubled: 'c' });
  for (const text of ['', '96:ab', '5:ab:c', '0:ab:c', '96:a b:c', `96:${'a'.repeat(65)}:c`, '9x:a:b'])
    assert.equal(readFuzzyHash(text), undefined, text);
});
