/** Folders in a bpffs, where programs and maps have names. */
import { existsSync, mkdirSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';

const BPF_FS_MAGIC = 0xcafe4a11;

/**
 * Makes a folder and those above it. It is asked first whether that is a bpffs: in sysfs, where none is mounted, Node's mkdir would go
 * round for ever.
 *
 * @throws {Error} `code` EPERM, with the remedy, where there is no bpffs
 */
export function makePinFolder(path: string): void {
  let above = path;
  while (!existsSync(above)) above = dirname(above);
  if (Number(statfsSync(above).type) >>> 0 !== BPF_FS_MAGIC) {
    const fault = new Error(
      `Cannot pin anything in ${path}: ${above} is no bpffs: mount -t bpf bpf /sys/fs/bpf`,
    );
    throw Object.assign(fault, { code: 'EPERM', object: path });
  }
  mkdirSync(path, { recursive: true });
}
