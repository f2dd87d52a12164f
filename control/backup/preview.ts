/** Opens an archive, and tells what it would change; for a process that only answers. */
import { BackupFault } from './fault.ts';
import type { Part } from './manifest.ts';
import { planOf, type Restore } from './plan.ts';
import { unpack } from './unpack.ts';

export interface Look extends Pick<Restore, 'invocation' | 'texts'> {
  readonly archive: string;
  /** Where it is opened into; it stays there when all is well. */
  readonly folder: string;
  readonly passphrase: string;
  readonly only: readonly Part[] | undefined;
}

/** Faults of the archive are answers: their codes must not get lost on the way. */
export async function preview({ archive, folder, passphrase, ...how }: Look) {
  try {
    const opened = await unpack(archive, passphrase, folder);
    return planOf(opened, { ...how, outside: false, isRoot: false }).preview;
  } catch (fault) {
    if (!(fault instanceof BackupFault)) throw fault;
    return { code: fault.code, message: fault.message };
  }
}
