/** The maps' names in a bpffs, by which they outlive every process: made at the first start, found again at the next. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openPinned, pin } from '#native/bpf.ts';
import { closeFd } from '#native/socket.ts';
import { LAYOUT_VERSION } from './layout.ts';
import { type L4Maps, MAP_NAMES } from './maps.ts';
import { makePinFolder } from './pin-folder.ts';
import { adoptMaps, makeMaps } from './programs.ts';

export interface OpenedMaps {
  readonly maps: L4Maps;
  readonly sweep: number;
  /** They were there before: flows go on, and entries that nobody wants any more may stand in them. */
  readonly adopted: boolean;
}

const LAYOUT = `layout-${LAYOUT_VERSION}`;

/** Maps of another layout are another set, which the programs of this one cannot read. */
export const folderOf = (pinPath: string): string => join(pinPath, LAYOUT);

/** What moats of other layouts have pinned there. */
export function foldersOfOthers(pinPath: string): string[] {
  if (!existsSync(pinPath)) return [];
  const names = readdirSync(pinPath).filter(name => /^layout-\d+$/.test(name) && name !== LAYOUT);
  return names.map(name => join(pinPath, name));
}

/**
 * @param pinPath in a bpffs; made if need be
 * @param connections room in a new flow table; that of an adopted one stays as it was
 * @throws {Error} with `code` and the path, for one EPERM where there is no bpffs
 */
export function openMaps(pinPath: string, connections: number): OpenedMaps {
  const folder = folderOf(pinPath);
  if (MAP_NAMES.every(name => existsSync(join(folder, name)))) return adopt(folder);
  // A start that was killed half way has left some of them: nothing is attached to those yet.
  rmSync(folder, { recursive: true, force: true });
  makePinFolder(folder);
  const { maps, sweep } = makeMaps(connections);
  for (const name of MAP_NAMES) pin(maps.fd(name), join(folder, name));
  return { maps, sweep, adopted: false };
}

function adopt(folder: string): OpenedMaps {
  const standing = Object.fromEntries(MAP_NAMES.map(name => [name, openPinned(join(folder, name))]));
  try {
    return { ...adoptMaps(standing), adopted: true };
  } finally {
    for (const fd of Object.values(standing)) closeFd(fd);
  }
}

/** Forgets the maps, once nothing is attached that uses them. */
export const removePins = (pinPath: string): void =>
  rmSync(folderOf(pinPath), { recursive: true, force: true });
