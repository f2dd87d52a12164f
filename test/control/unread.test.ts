/** Commands whose output nobody reads, or that cannot be written. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PROGRAMS } from '../e2e/rig.ts';

const dir = mkdtempSync(join(tmpdir(), 'moat-unread-'));
after(() => rmSync(dir, { recursive: true }));

const shell = (script: string) =>
  spawnSync('sh', ['-c', script, 'sh', PROGRAMS.moat], { encoding: 'utf8', cwd: dir });

test('a reader that has gone ends a command without a word, as SIGPIPE would', () => {
  // moat starts when the other side has closed its end: what it writes then can reach nobody.
  const { stderr } = shell(
    'mkfifo gone; { read -r _ <gone; "$1" help; echo "status $?" >&2; } | { exec <&-; echo >gone; }',
  );
  assert.equal(stderr, 'status 141\n');
});

test('a full disk behind stdout is told, and the command has failed', () => {
  const { stderr, status } = shell('"$1" help >/dev/full');
  assert.equal(stderr, 'moat: cannot write to stdout (28: no space left on device)\n');
  assert.equal(status, 1);
});
