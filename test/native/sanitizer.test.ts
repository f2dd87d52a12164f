/** The tests of the addon once more, on a build that reports every bad access and every lost allocation. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bpfMissing } from './bpf-outside.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Where the compiler keeps libasan, or why there is none. */
function libasan(): { path: string } | { missing: string } {
  const { stdout, error } = spawnSync(process.env['CC'] ?? 'cc', ['-print-file-name=libasan.so'], {
    encoding: 'latin1',
  });
  if (error) return { missing: 'no C compiler here' };
  const path = stdout.trim(); // the bare name comes back when the compiler does not find it
  return existsSync(path) ? { path } : { missing: 'this compiler has no libasan' };
}

const asan = libasan();
const skip = 'missing' in asan && asan.missing;

function run(...args: string[]): { report: string; output: string } {
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: 'latin1',
    env: {
      ...process.env,
      NODE_TEST_CONTEXT: undefined,
      MOAT_NATIVE: 'asan',
      // libasan wraps crypt_r() of the libcrypt it finds at its own start: one loaded later would be called at address 0.
      LD_PRELOAD: 'path' in asan ? `${asan.path} libcrypt.so.1` : '',
      // Node leaves memory of its own behind at exit: leaks are read from the report, not from the exit code.
      ASAN_OPTIONS: 'detect_leaks=1:exitcode=0',
    },
  });
  return { report: stderr, output: stdout };
}

/** The stack traces of the report that pass through our code. */
const ours = (report: string) =>
  report.split('\n\n').filter(trace => /native\/src\/|moat(-bpf)?-asan\.node/.test(trace));
const face = (name: string) => JSON.stringify(join(ROOT, 'native', name));

if (!skip) execFileSync(join(ROOT, 'scripts/build-native'), ['asan']);
const bpfSkip = skip || bpfMissing();
if (!bpfSkip) execFileSync(join(ROOT, 'scripts/build-native'), ['bpf-asan']);

test('sanitizer: a leak and an overflow made on purpose are seen', { skip }, t => {
  const call = (probe: string) => `const { addon } = await import(${face('addon.ts')}); addon().${probe}();`;
  const leak = run('--input-type=module', '-e', call('probeLeak'));
  const overflow = run('--input-type=module', '-e', call('probeOverflow'));
  assert.match(ours(overflow.report).join('\n'), /heap-buffer-overflow/);
  if (leak.report.includes('LeakSanitizer has encountered a fatal error'))
    t.skip('no process may trace another here');
  else assert.match(ours(leak.report).join('\n'), /Direct leak of 4321 byte/);
});

const NAMES = [
  'listen',
  'descriptor',
  'file',
  'passing',
  'datagram',
  'raw',
  'group',
  'crypt',
  'identity',
  'stream',
  'tls',
  'netlink',
  'life',
  'bpf',
];
for (const name of NAMES) {
  test(`sanitizer: nothing to report from the tests of ${name}`, {
    skip: name === 'bpf' ? bpfSkip : skip,
  }, () => {
    const { report, output } = run('--test-isolation=none', '--test', `test/native/${name}.test.ts`);
    assert.deepEqual(ours(report), []);
    assert.match(output, /pass [1-9]/, report);
    assert.match(output, /fail 0/, `${report}\n${output}`);
  });
}
