/** unifiedDiff(): what it says turns the old text into the new one, and `diff -u` says the same of plain cases. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unifiedDiff } from '#config';

const names = ['a', 'b'] as const;

/** Applies a unified diff, strictly: every kept and removed line must be where it says. */
function apply(text: string, diff: string): string {
  const old = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const out: string[] = [];
  let at = 0;
  const lines = diff.split('\n').slice(2, -1);
  lines.forEach((line, index) => {
    const head = /^@@ -(\d+),(\d+) \+(\d+),(\d+) @@$/.exec(line);
    const end = lines[index + 1]?.startsWith('\\') ? '' : '\n';
    if (head) {
      const from = Number(head[1]) - (head[2] === '0' ? 0 : 1);
      out.push(...old.slice(at, from));
      at = from;
      assert.equal(out.length, Number(head[3]) - (head[4] === '0' ? 0 : 1), 'the new line number');
    } else if (line.startsWith('+')) out.push(line.slice(1) + end);
    else if (!line.startsWith('\\')) {
      assert.equal(old[at++], line.slice(1) + end, 'a line of the old text');
      if (line.startsWith(' ')) out.push(line.slice(1) + end);
    }
  });
  return [...out, ...old.slice(at)].join('');
}

test('unifiedDiff: equal texts have none', () => {
  assert.equal(unifiedDiff('a\n', 'a\n', names), '');
});

test('unifiedDiff: writes hunks as diff -u does', () => {
  const old = Array.from({ length: 20 }, (_, i) => `${i + 1}\n`).join('');
  const now = old.replace('3\n', 'three\n').replace('18\n', '').replace('20\n', '20\n21');
  assert.equal(
    unifiedDiff(old, now, names),
    '--- a\n+++ b\n@@ -1,6 +1,6 @@\n 1\n 2\n-3\n+three\n 4\n 5\n 6\n' +
      '@@ -15,6 +15,6 @@\n 15\n 16\n 17\n-18\n 19\n 20\n+21\n\\ No newline at end of file\n',
  );
  assert.equal(unifiedDiff('', 'a\n', names), '--- a\n+++ b\n@@ -0,0 +1,1 @@\n+a\n');
});

test('unifiedDiff: leads from the old text to the new one', () => {
  let state = 7;
  const next = (below: number) => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) % below;
  const text = () =>
    Array.from({ length: next(30) }, () => `${'abc'[next(3)]}${next(5) ? '\n' : ''}`).join('');
  for (let round = 0; round < 300; round++) {
    const [old, now] = [text(), text()];
    if (old !== now) assert.equal(apply(old, unifiedDiff(old, now, names)), now, JSON.stringify([old, now]));
  }
});

test('unifiedDiff: texts with thousands of differences are told in time, as replaced', () => {
  const old = Array.from({ length: 5000 }, (_, i) => `old ${i}\n`).join('');
  const now = Array.from({ length: 5000 }, (_, i) => `new ${i}\n`).join('');
  assert.equal(apply(old, unifiedDiff(old, now, names)), now);
});
