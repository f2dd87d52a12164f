/** `moat check`, `moat fmt` and `moat directives`, as a shell runs them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';

const MOAT = resolve(import.meta.dirname, '../../../bin/moat');
const dir = mkdtempSync(join(tmpdir(), 'moat-language-'));
after(() => rmSync(dir, { recursive: true }));

function file(name: string, text: string, mode = 0o644): string {
  writeFileSync(join(dir, name), text, { encoding: 'latin1', mode });
  return join(dir, name);
}

function moat(args: string[], input = '') {
  const { stdout, stderr, status } = spawnSync(MOAT, args, { encoding: 'utf8', cwd: dir, input });
  return { stdout, stderr, status };
}

test('moat check: a sound file, by a name relative to the working directory', () => {
  file('sound.conf', 'events { }\nhttp { server { listen 8080; } }\n');
  assert.deepEqual(moat(['check', 'sound.conf']), {
    stdout: `${dir}/sound.conf: no errors\n`,
    stderr: '',
    status: 0,
  });
});

test('moat check: faults on stderr with their lines, those of includes and of -g too, and exit code 3', () => {
  file('part.conf', 'rooot /x;\n');
  const path = file('faulty.conf', 'http {\n  include part.conf;\n}\n');
  const { stdout, stderr, status } = moat(['check', '-c', path, '-g', 'demon off;']);
  assert.deepEqual([stdout, status], ['', 3]);
  assert.match(stderr, /part\.conf:1:1: error\[unknown-directive\].*\n 1 \| rooot \/x;\n {3}\| \^~~~~\n/);
  assert.match(stderr, /command line:1:1: error\[unknown-directive\].*\n 1 \| demon off;\n/);
  assert.match(stderr, /\n2 errors\n$/);
});

test('moat -t: the lines that scripts look for, and the excerpt', () => {
  const path = file('test.conf', 'http {\n  rooot /x;\n}\n');
  const { stderr, status } = moat(['-t', '-c', path, '-e', 'stderr']);
  assert.equal(status, 1);
  assert.match(stderr, /^nginx: \[emerg\] unknown directive "rooot" .*in \/.*test\.conf:2$/m);
  assert.match(stderr, /^ 2 \| {3}rooot \/x;$/m);
  assert.match(stderr, /^nginx: configuration file \/.*test\.conf test failed$/m);
});

test('moat fmt: prints, tells by a diff, and writes in place with the mode kept', () => {
  const path = file('fmt.conf', 'events{}# x\xe9\n', 0o640);
  const formatted = 'events {\n} # x\xe9\n';
  const printed = spawnSync(MOAT, ['fmt', path], { encoding: 'latin1' });
  assert.deepEqual([printed.stdout, printed.status], [formatted, 0]);
  const diff = spawnSync(MOAT, ['fmt', '--diff', path], { encoding: 'latin1' });
  assert.match(diff.stdout, /^@@ -1,1 \+1,2 @@\n-events\{\}# x\xe9\n\+events \{\n\+\} # x\xe9\n$/m);
  assert.equal(diff.status, 1);
  assert.deepEqual(moat(['fmt', '--write', path]), { stdout: '', stderr: '', status: 0 });
  assert.equal(readFileSync(path, 'latin1'), formatted);
  assert.equal(statSync(path).mode & 0o777, 0o640);
  assert.deepEqual(moat(['fmt', '--diff', path]), { stdout: '', stderr: '', status: 0 });
});

test('moat fmt: formats stdin, and leaves a file without shape alone', () => {
  assert.equal(moat(['fmt', '-'], 'a  b;').stdout, 'a b;\n');
  const path = file('shapeless.conf', 'http {');
  const { stderr, status } = moat(['fmt', '--write', path]);
  assert.equal(status, 3);
  assert.match(stderr, /error\[syntax\]: unexpected end of file/);
  assert.equal(readFileSync(path, 'latin1'), 'http {');
});

test('moat directives: the list, one of them, and a name that is none', () => {
  assert.match(moat(['directives']).stdout, /^server_name +The host names/m);
  assert.match(moat(['directives', 'root']).stdout, /^Syntax: {2}root path;$/m);
  const { stderr, status } = moat(['directives', 'rooot']);
  assert.deepEqual([stderr, status], ['moat: there is no directive "rooot": did you mean "root"?\n', 1]);
});
