/** Ends forwarding that a moat which is gone has left in the kernel: for hosts that moat is taken away from. */
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { attachedInterfaces, detachOther } from './interfaces.ts';
import { folderOf, foldersOfOthers } from './pins.ts';
import { leaveSteering } from './steering.ts';

/**
 * Takes programs off their interfaces and forgets the maps. Not while an L4 process has them: it would go on without its programs.
 *
 * @returns the interfaces that had programs @throws {Error} with `code`, where this process may not
 */
export function withdrawForwarding(pinPath: string): string[] {
  const folders = [folderOf(pinPath), ...foldersOfOthers(pinPath)].filter(folder => existsSync(folder));
  const interfaces = new Set(folders.flatMap(folder => [...attachedInterfaces(folder)]));
  for (const folder of folders) {
    const none = `${folder}-none`; // no other life stands there, whose place is to be kept
    detachOther(folder, none);
    leaveSteering(folder, none);
    rmSync(folder, { recursive: true, force: true });
  }
  // A bpffs of its own stays mounted.
  if (folders.length > 0 && pinPath.startsWith('/sys/fs/bpf/') && readdirSync(pinPath).length === 0)
    rmdirSync(pinPath);
  return [...interfaces];
}
