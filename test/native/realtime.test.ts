/** Real-time priority and locked memory, as the kernel tells of them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const skip = process.geteuid?.() === 0 ? false : 'needs CAP_SYS_NICE';

test('setRealtime, lockMemory: they hold for the process that asks, and for no program that it starts', {
  skip,
}, t => {
  const program = `
    import { readFileSync } from 'node:fs';
    import { spawnSync } from 'node:child_process';
    import { lockMemory, setRealtime } from './native/realtime.ts';
    setRealtime(7, 1_000_000);
    lockMemory();
    const policy = pid => spawnSync('chrt', ['-p', String(pid)], { encoding: 'utf8' }).stdout;
    const locked = /VmLck:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))[1];
    const child = spawnSync('sh', ['-c', 'chrt -p $$'], { encoding: 'utf8' }).stdout;
    console.log(JSON.stringify({ own: policy(process.pid), locked: Number(locked), child }));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', program], {
    cwd: new URL('../..', import.meta.url),
    encoding: 'utf8',
  });
  if (/EPERM/.test(stderr)) return t.skip('this machine allows no real-time priority');
  const { own, locked, child } = JSON.parse(stdout);
  assert.match(own, /SCHED_RR/);
  assert.match(own, /priority: 7/);
  assert.ok(locked > 0);
  assert.match(child, /SCHED_OTHER/);
});

test('lockMemory: the program is locked, and V8 gives pages of its heap and of its code back all the same', {
  skip,
}, () => {
  const program = `
    import { readFileSync } from 'node:fs';
    import { lockMemory } from './native/realtime.ts';
    lockMemory();
    let keep = [];
    for (let round = 0; round < 14; round++) {
      const make = new Function('n', 'const made = []; for (let i = 0; i < n; i++) made.push({ i, text: "x" + i }); return made;');
      for (let n = 0; n < 20; n++) keep.push(...make(2000 + n));
      keep = keep.filter((_, at) => at % 7 === 0);
      gc({ type: 'major', execution: 'sync', flavor: round % 2 ? 'regular' : 'last-resort' });
    }
    console.log(/VmLck:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))[1]);`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', '--single-threaded-gc', '--input-type=module-typescript', '-e', program],
    { cwd: new URL('../..', import.meta.url), encoding: 'utf8' },
  );
  assert.equal(stderr, '');
  assert.ok(Number(stdout) > 10_000, `${stdout} kB are locked`);
});
