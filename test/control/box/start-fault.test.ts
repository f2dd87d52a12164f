/** A box that does not start says what did not, and what that said last; nothing is left of it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { Box } from '../../../control/box/box.ts';
import { PROGRAMS } from '../../e2e/rig.ts';
import { Demo, nothingIsLeft, numberOf, options } from './demo.ts';

test(
  'drill: a witness that does not start is told by its last lines, without a stack trace',
  options,
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'moat-test-start-'));
    try {
      const lines = Array.from({ length: 40 }, (_, at) => `echo line ${at + 1}\n`);
      writeFileSync(
        join(dir, 'redis-server'),
        `#!/bin/sh\n${lines.join('')}echo "the disk is full" >&2\nexit 3\n`,
      );
      chmodSync(join(dir, 'redis-server'), 0o755);
      const env = { ...process.env, PATH: `${dir}${delimiter}${process.env['PATH'] ?? ''}` };
      const drill = new Demo(
        0,
        spawn(PROGRAMS.moat, ['drill', '--witness', 'redis'], { stdio: 'pipe', env }),
      );
      const number = await numberOf(drill);
      assert.equal(await drill.ended, 1, drill.said);
      assert.match(drill.said, /^moat drill: redis-server of witness has ended:\n(?: {2}.*\n)+$/);
      assert.match(drill.said, / {2}line 40\n {2}the disk is full\n/);
      assert.doesNotMatch(drill.said, /line 20\n|\bat .*:\d+:\d+/);
      await nothingIsLeft(drill, number, []);
    } finally {
      rmSync(dir, { recursive: true });
    }
  },
);

test('box: a moat that does not start is told with the node that it is of', options, async () => {
  const site = { mode: 'dr', http: 8080, https: 8443, perSecond: 10, directors: 0, witness: 'none' } as const;
  const moat = ['/bin/sh', '-c', 'echo "no memory" >&2; exit 7'];
  const opened = Box.open({ ...site, moat }, new AbortController().signal);
  await assert.rejects(opened, /^Error: moat of proxy\d ended with 7:\n {2}no memory\n$/);
});
