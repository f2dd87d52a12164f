/** The file of `state`: the members of a pool as server lines, written whole or not at all. */
import { open, rename, rm } from 'node:fs/promises';
import type { MemberModel } from '#model/l7/upstream.ts';

/** @throws {Error} of the file system; the file is what it was then */
export async function writeState(path: string, members: readonly MemberModel[]): Promise<void> {
  const draft = `${path}.${process.pid}.new`;
  try {
    const file = await open(draft, 'w', 0o644);
    try {
      await file.writeFile(members.map(serverLine).join(''), 'latin1');
      await file.sync(); // or a crash of the machine could leave an empty file under the name
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** A member as a line of configuration; parameters that have their standard value are left out. */
export function serverLine(member: MemberModel): string {
  const parameters: readonly (string | false)[] = [
    quoted(member.name),
    member.weight !== 1 && `weight=${member.weight}`,
    member.maxFails !== 1 && `max_fails=${member.maxFails}`,
    member.failTimeoutMs !== 10_000 && `fail_timeout=${member.failTimeoutMs}ms`,
    member.maxConns !== 0 && `max_conns=${member.maxConns}`,
    member.slowStartMs !== 0 && `slow_start=${member.slowStartMs}ms`,
    member.backup && 'backup',
    member.down && 'down',
    member.drain && 'drain',
    member.resolve && 'resolve',
    member.service !== undefined && quoted(`service=${member.service}`),
    member.route !== undefined && quoted(`route=${member.route}`),
  ];
  return `server ${parameters.filter(text => text !== false).join(' ')};\n`;
}

const quoted = (text: string) =>
  /^[\w.:[\]/=-]+$/.test(text) ? text : `"${text.replace(/[\\"]/g, '\\$&')}"`;
