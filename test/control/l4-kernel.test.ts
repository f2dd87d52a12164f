/** An l4 block that nothing would obey is refused where it would have to be obeyed, and read everywhere else. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';

const MOAT = resolve(import.meta.dirname, '../../bin/moat');
const dir = mkdtempSync(join(tmpdir(), 'moat-l4-'));
after(() => rmSync(dir, { recursive: true }));

const conf = join(dir, 'moat.conf');
writeFileSync(
  conf,
  'daemon off;\nerror_log stderr;\npid moat.pid;\nl4 {\n  virtual_server 192.0.2.1:80 tcp { real_server 10.0.0.1; }\n}\n',
);
const SAYS = /l4: this moat has no programs for the kernel yet.* 1 virtual servers \(.*moat\.conf:5\)/;

for (const [name, args, code] of [
  ['run', ['run', '-c', conf, '-p', dir], 1],
  ['-t', ['-t', '-c', conf, '-p', dir], 1],
  ['check', ['check', '-p', dir, conf], 0],
] as const) {
  test(`moat ${name}: an l4 block ${code === 0 ? 'is read' : 'is refused, for the kernel side is missing'}`, () => {
    const { stderr, status } = spawnSync(MOAT, args, { encoding: 'utf8' });
    assert.equal(status, code, stderr);
    if (code === 0) assert.equal(stderr, '');
    else assert.match(stderr, SAYS);
  });
}
