/** What tests of BPF need of the machine, and why they cannot run where it is missing. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeBpfFolder, removeBpfFolder } from '../lab/bpf-folder.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Reason to skip a test that loads BPF programs, or false. */
export function bpfMissing(): string | false {
  if (process.getuid?.() !== 0) return 'BPF needs root';
  if (!existsSync(join(ROOT, 'native/build/moat-bpf.node')))
    return 'the BPF addon is not built: no libbpf here';
  if (spawnSync('clang', ['--version']).error) return 'no clang here';
  return kernelRefuses();
}

/** Containers and lockdown: root alone is not the right to load a program. */
function kernelRefuses(): string | false {
  const code = `const { bpfAddon } = await import(${JSON.stringify(join(ROOT, 'native/bpf-addon.ts'))});
    bpfAddon().mapCreate({ type: 1, name: 'probe', keyBytes: 4, valueBytes: 4, maxEntries: 1 });`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'latin1',
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, MOAT_NATIVE: undefined, LD_PRELOAD: undefined },
  });
  return status === 0 ? false : `this kernel lets nobody use BPF: ${/Cannot .*/.exec(stderr)?.[0] ?? stderr}`;
}

/** A bpffs of its own for as long as `use` runs. */
export function withBpffs(use: (path: string) => void): void {
  const path = makeBpfFolder();
  try {
    use(path);
  } finally {
    removeBpfFolder(path);
  }
}
