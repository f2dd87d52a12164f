/** What of the far end of tunnels outlives a command: its pinned maps and programs, and what they say. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BpfMap, describeProgram, openPinned } from '#native/bpf.ts';
import { queryXdp, type XdpMode } from '#native/bpf-attach.ts';
import { listLinks } from '#native/netlink.ts';
import { closeFd } from '#native/socket.ts';
import { addressText } from './address.ts';
import { pinName } from './interfaces.ts';
import { u32 } from './maps.ts';
import { sumsOfCpus } from './statistics.ts';

/** Maps of another layout lie in another folder. */
const LAYOUT = 'decap-1';
export const MAPS = ['directors', 'gue_port', 'decap_counters', 'stranger'] as const;
/** In the order of the program. */
const COUNTERS = ['unwrapped', 'strangers', 'unknown'] as const;

export interface DecapState {
  /** Where it was put, and whether it stands there. */
  readonly interfaces: readonly { readonly name: string; readonly place: XdpMode | 'gone' }[];
  readonly directors: readonly string[];
  readonly guePort: number;
  /** Packets, since it was put there. */
  readonly counts: Readonly<Record<(typeof COUNTERS)[number], number>>;
  /** Who sent the last one of `strangers`. */
  readonly lastStranger: string | undefined;
}

export const folderOf = (pinPath: string) => join(pinPath, LAYOUT);
export const isPinned = (folder: string) => MAPS.every(name => existsSync(join(folder, name)));

/** Does something with a pinned map or program. */
export function withPinned<R>(folder: string, name: string, use: (fd: number) => R): R {
  const fd = openPinned(join(folder, name));
  try {
    return use(fd);
  } finally {
    closeFd(fd);
  }
}

/** Where ours stands on an interface. */
export function placeOf(name: string, folder: string): XdpMode | 'gone' {
  if (!existsSync(join(folder, pinName('xdp', name)))) return 'gone';
  const ours = withPinned(folder, pinName('xdp', name), fd => describeProgram(fd).id);
  const there = listLinks().some(link => link.name === name) ? queryXdp(name) : undefined;
  return there?.driver === ours ? 'driver' : there?.generic === ours ? 'generic' : 'gone';
}

/** @returns undefined where nothing was attached */
export function decapState(pinPath: string): DecapState | undefined {
  const folder = folderOf(pinPath);
  if (!isPinned(folder)) return undefined;
  const names = readdirSync(folder).flatMap(file => /^xdp-(.+)$/.exec(file)?.[1] ?? []);
  const port = new Uint8Array(4);
  withPinned(folder, 'gue_port', fd => new BpfMap(fd).get(u32(0), port));
  const last = new Uint8Array(16);
  withPinned(folder, 'stranger', fd => new BpfMap(fd).get(u32(0), last));
  return {
    interfaces: names.map(decodeURIComponent).map(name => ({ name, place: placeOf(name, folder) })),
    directors: withPinned(folder, 'directors', fd => Array.from(new BpfMap(fd).keys(), addressText)),
    guePort: (port[0]! << 8) | port[1]!,
    counts: withPinned(folder, 'decap_counters', countsOf),
    lastStranger: last.some(byte => byte !== 0) ? addressText(last) : undefined,
  };
}

function countsOf(fd: number): DecapState['counts'] {
  const sums = sumsOfCpus(new BpfMap(fd), COUNTERS.length);
  return { unwrapped: sums[0]!, strangers: sums[1]!, unknown: sums[2]! };
}
