/** Commands reach the running program while the file that it was started with is faulty: that is when it is asked how it is. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { invocationFrom } from '../../control/options.ts';
import { runningSocket, socketOf } from '../../control/running.ts';

const dir = mkdtempSync(join(tmpdir(), 'moat-running-'));
after(() => rmSync(dir, { recursive: true }));
const file = join(dir, 'moat.conf');
const invocation = invocationFrom({ config: file });

const FILES: readonly (readonly [string, string, string])[] = [
  ['sound', 'pid /run/a.pid;\nevents { }\n', '/run/a.sock'],
  ['an unknown directive', 'nonsense on;\n  pid run/a.pid;\nevents { }\n', `${dir}/run/a.sock`],
  ['a brace is missing', 'pid "/run/a.pid" ;\nevents {\nhttp { server {', '/run/a.sock'],
  ['a pid in a comment', '# pid /run/b.pid;\nnonsense;\n', `${dir}/logs/moat.sock`],
];
for (const [what, text, path] of FILES)
  test(`running: ${what}`, () => {
    writeFileSync(file, text);
    assert.equal(socketOf(invocation), path);
  });

test('running: no file, nobody to ask', () => {
  assert.equal(runningSocket(invocationFrom({ config: join(dir, 'none') })), undefined);
});
