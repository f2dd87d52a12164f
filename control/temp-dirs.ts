/** The folders for bodies that do not fit into memory: made by control, owned by the user of the L7 process. */
import { chownSync, mkdirSync, statSync } from 'node:fs';
import type { ProcessModel } from '#model/main.ts';
import { userIds } from '#native/identity.ts';
import { systemReason } from './load.ts';

export const UNPRIVILEGED_USER = 'nobody';

/** Makes each folder of `paths` that is missing. @throws {Error} with the reason in nginx's words */
export function makeTempDirs(paths: ReadonlySet<string>, user: ProcessModel['user']): void {
  const owner = process.getuid?.() === 0 ? userIds(user?.name ?? UNPRIVILEGED_USER) : undefined;
  for (const path of paths) {
    try {
      makeOne(Buffer.from(path, 'latin1'), owner?.uid);
    } catch (fault) {
      throw new Error(`mkdir() "${path}" failed ${systemReason(fault)}`, { cause: fault });
    }
  }
}

function makeOne(path: Buffer, uid: number | undefined): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (uid !== undefined && statSync(path).uid !== uid) chownSync(path, uid, -1);
}
