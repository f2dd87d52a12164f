/** The count at the end of a test run: every way in which tap says that something went wrong must reach it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const TALLY = join(import.meta.dirname, '../../scripts/tally.ts');

function tallyOf(...lines: string[]): { status: number | null; last: string; output: string } {
  const { status, stdout } = spawnSync(process.execPath, [TALLY], {
    input: `${lines.join('\n')}\n`,
    encoding: 'latin1',
  });
  return { status, last: stdout.trimEnd().split('\n').at(-1)!, output: stdout };
}

/** A file as tap reports it, with its lines at depth 1. */
const file = (at: number, good: boolean, name: string, ...lines: string[]) => [
  `# Subtest: ${name}`,
  ...lines.map(line => `    ${line}`),
  `${good ? 'ok' : 'not ok'} ${at} - ${name} # time=${name === 'long.test.ts' ? 73_400 : 12}.5ms`,
];

const PASSED = [
  '# Subtest: one',
  'ok 1 - one',
  '  ---',
  '  duration_ms: 1',
  "  type: 'test'",
  '  ...',
  '1..1',
];

test('tally: counts passed, failed and skipped tests over all files', () => {
  const seen = tallyOf(
    'TAP version 14',
    '1..2',
    ...file(1, true, 'a.test.ts', ...PASSED, 'ok 2 - later # SKIP because', 'not ok 3 - some day # TODO'),
    ...file(
      2,
      false,
      'b.test.ts',
      'ok 1 - good',
      'not ok 2 - bad',
      '  ---',
      "  error: 'x is 1'",
      '  ...',
      '1..2',
    ),
  );
  assert.equal(seen.last, '2 passed, 1 failed, 2 skipped');
  assert.equal(seen.status, 1);
  assert.match(seen.output, /FAIL b\.test\.ts: 1 passed, 1 failed/);
  assert.match(seen.output, /not ok - bad\n +error: 'x is 1'/);
});

test('tally: a file that took long says how long', () => {
  const { output } = tallyOf(
    '1..2',
    ...file(1, true, 'a.test.ts', ...PASSED),
    ...file(2, true, 'long.test.ts', ...PASSED),
  );
  assert.match(output, /a\.test\.ts: 1 passed, 0 failed, 0 skipped$/m);
  assert.match(output, /long\.test\.ts: 1 passed, 0 failed, 0 skipped \(73 s\)$/m);
});

test('tally: all good ends with 0', () => {
  const seen = tallyOf('1..1', ...file(1, true, 'a.test.ts', ...PASSED));
  assert.deepEqual([seen.last, seen.status], ['1 passed, 0 failed, 0 skipped', 0]);
});

test('tally: a suite counts by its tests, not by its own line', () => {
  const seen = tallyOf(
    '1..1',
    ...file(
      1,
      true,
      'a.test.ts',
      '# Subtest: suite',
      '    ok 1 - in',
      '    ok 2 - in too',
      '    1..2',
      'ok 1 - suite',
      '1..1',
    ),
  );
  assert.equal(seen.last, '2 passed, 0 failed, 0 skipped');
});

test('tally: what looks like a result inside a diagnostic is none', () => {
  const yaml = ['  ---', '  error: |-', '    ok 1 - quoted', '    not ok 2 - quoted', '  ...'];
  const seen = tallyOf('1..1', ...file(1, true, 'a.test.ts', 'ok 1 - one', ...yaml, '1..1'));
  assert.equal(seen.last, '1 passed, 0 failed, 0 skipped');
});

test('tally: a file that crashes after its tests have passed is a failure', () => {
  const seen = tallyOf('1..1', ...file(1, false, 'a.test.ts', ...PASSED));
  assert.deepEqual([seen.last, seen.status], ['1 passed, 1 failed, 0 skipped', 1]);
});

test('tally: a file without a test is a failure', () => {
  const empty = [
    '# Subtest: b.test.ts',
    '    1..0 # no tests found',
    'ok 2 - b.test.ts # SKIP no tests found',
  ];
  const seen = tallyOf('1..2', ...file(1, true, 'a.test.ts', ...PASSED), ...empty);
  assert.deepEqual([seen.last, seen.status], ['1 passed, 1 failed, 0 skipped', 1]);
  assert.match(seen.output, /no test in this file/);
});

test('tally: a run that ends early, is empty, or passes nothing is a failure', () => {
  const early = tallyOf('1..2', ...file(1, true, 'a.test.ts', ...PASSED));
  assert.deepEqual([early.last, early.status], ['1 passed, 1 failed, 0 skipped', 1]);
  assert.equal(tallyOf('').status, 1);
  assert.equal(tallyOf('1..0').status, 1);
  const skipped = tallyOf('1..1', ...file(1, true, 'a.test.ts', 'ok 1 - later # SKIP because', '1..1'));
  assert.deepEqual([skipped.last, skipped.status], ['0 passed, 0 failed, 1 skipped', 1]);
});

/** What a real run of tap says of one file, and the count after it. */
function runOf(body: string, ...options: string[]): { status: number | null; last: string; output: string } {
  const cache = join(import.meta.dirname, '../../.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'tally-'));
  const path = join(folder, 'a.test.ts');
  writeFileSync(
    path,
    `import { existsSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
const mark = import.meta.filename + '.ran';
const first = !existsSync(mark);
writeFileSync(mark, '');
test('good', () => {});
${body}`,
  );
  try {
    const run = `tap --reporter=tap ${options.join(' ')} '${path}' | '${process.execPath}' '${TALLY}' --again`;
    // As from a shell: the run that we are in must not show.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(NODE_TEST|TAP)/.test(name)),
    );
    const { status, stdout } = spawnSync('sh', ['-c', run], {
      encoding: 'utf8',
      cwd: join(folder, '../..'),
      env,
    });
    return { status, last: stdout.trimEnd().split('\n').at(-1)!, output: stdout };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('tally: a file that fails is run once more by itself, and that is said', () => {
  const seen = runOf("test('by chance', () => { if (first) throw new Error('the first time'); });");
  assert.deepEqual([seen.last, seen.status], ['2 passed, 0 failed, 0 skipped', 0], seen.output);
  assert.match(seen.output, /FAIL .*a\.test\.ts: 1 passed, 1 failed/);
  assert.match(seen.output, /UNSTEADY .*a\.test\.ts: failed, then passed/);
});

test('tally: what fails twice is a failure', () => {
  const seen = runOf("test('never', () => { throw new Error('each time'); });");
  assert.deepEqual([seen.last, seen.status], ['1 passed, 1 failed, 0 skipped', 1], seen.output);
});

test('tally: a file that hangs once and then passes is no failure', () => {
  const seen = runOf(
    "test('hangs', { timeout: 1e9 }, async () => { if (first) await new Promise(done => setTimeout(done, 60_000)); });",
    '--timeout=3',
  );
  assert.match(seen.output, /expired: .*a\.test\.ts/);
  assert.deepEqual([seen.last, seen.status], ['2 passed, 0 failed, 0 skipped', 0], seen.output);
});
