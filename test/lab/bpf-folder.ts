/** Folders with a bpffs for one test each; those of tests that were killed are removed by the next one. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { startOf } from '../../control/box/net/life.ts';

const PREFIX = 'moat-test-bpf';

/** Mounts one. @throws {Error} without root */
export function makeBpfFolder(): string {
  sweepBpfFolders();
  const path = mkdtempSync(join(tmpdir(), `${PREFIX}-${process.pid}-${startOf('self')}-`));
  execFileSync('mount', ['-t', 'bpf', 'bpf', path]);
  return path;
}

/** With all that is pinned there. */
export function removeBpfFolder(path: string): void {
  execFileSync('umount', ['-l', path]);
  rmdirSync(path);
}

/** Removes those whose process is gone. */
export function sweepBpfFolders(): void {
  const mounted = readFileSync('/proc/mounts', 'latin1')
    .split('\n')
    .map(line => line.split(' ')[1] ?? '');
  for (const path of mounted) {
    const [, pid, start] = new RegExp(`^${PREFIX}-(\\d+)-(\\d+)-`).exec(basename(path)) ?? [];
    if (pid === undefined || startOf(Number(pid)) === start) continue;
    // Another test may do the same at this moment.
    if (spawnSync('umount', ['-l', path]).status === 0) rmdirSync(path);
  }
}
