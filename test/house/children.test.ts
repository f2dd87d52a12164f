/** Tests, and what they start, run as they would for a user: the test runner leaves no trace in them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

test('children: a program started by a test sees nothing of the test runner', () => {
  const listing =
    'JSON.stringify([process.execArgv.length, process.env.NODE_OPTIONS ?? "", Object.keys(process.env)])';
  const [flags, options, names] = JSON.parse(
    execFileSync(process.execPath, ['-p', listing], { encoding: 'latin1' }),
  );
  assert.equal(flags, 2, '-p and its code');
  assert.doesNotMatch(options, /tap/);
  assert.deepEqual(
    names.filter((name: string) => name.includes('TAP')),
    [],
  );
});

test('children: the test itself, and so its worker threads, runs without loaders', () => {
  // `node --test` names its own settings to the processes that it starts; they load nothing.
  const loads = /^(-r|--(require|import|(experimental-)?loader)|--enable-source-maps)\b/;
  assert.deepEqual(
    process.execArgv.filter(flag => loads.test(flag)),
    [],
  );
});
