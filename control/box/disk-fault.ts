/** Full disks under every moat: it goes on serving, a reload is taken or refused with its reason, and all is well once there is room. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Strike } from './fault.ts';
import { reload } from './reloads.ts';

const PIECES_BYTES = [1 << 20, 1 << 12, 1] as const;

/** Writes until there is no room for a single byte. */
function fill(path: string): void {
  const fd = openSync(path, 'w', 0o600);
  try {
    for (const size of PIECES_BYTES) writeAll(fd, Buffer.alloc(size));
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, piece: Buffer): void {
  try {
    for (;;) writeSync(fd, piece);
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'ENOSPC') throw fault;
  }
}

export const fillDisks: Strike = async (box, findings) => {
  const fillers = box.appliances.map(({ dir }) => join(dir, 'filler'));
  for (const path of fillers) fill(path);
  for (const node of box.appliances) {
    const refusal = await reload(box.options.moat, node);
    findings.note(`${node.name}, reloaded without room: ${refusal ?? 'in force'}`);
  }
  return async () => {
    for (const path of fillers) rmSync(path);
    for (const node of box.appliances) {
      const refusal = await reload(box.options.moat, node);
      if (refusal !== undefined)
        findings.wrong(`${node.name} refused a reload once there was room: ${refusal}`);
    }
  };
};
