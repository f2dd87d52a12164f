/** The far end of tunnels on a real server: what a director has wrapped is unwrapped as it comes in, whatever becomes of moat. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  BpfMap,
  closeObject,
  describeProgram,
  type LoadedObject,
  loadObject,
  openPinned,
  pin,
} from '#native/bpf.ts';
import { attachXdp, detachXdp, queryXdp, type XdpMode } from '#native/bpf-attach.ts';
import { closeFd } from '#native/socket.ts';
import { addressBytes, addressText } from './address.ts';
import { decapState, folderOf, isPinned, MAPS, placeOf, withPinned } from './decap-state.ts';
import { pinName, reasonForTc } from './interfaces.ts';
import { u32 } from './maps.ts';
import { makePinFolder } from './pin-folder.ts';
import { objectPath } from './programs.ts';

export const DECAP_ATTACH_MODES = ['auto', 'xdp', 'xdp-generic'] as const;
export type DecapAttachMode = (typeof DECAP_ATTACH_MODES)[number];

export interface DecapOptions {
  /** A folder in a bpffs. */
  readonly pinPath: string;
  readonly interfaces: readonly string[];
  readonly attach: DecapAttachMode;
  /** Who may send tunnelled packets: all others could forge any source. */
  readonly directors: readonly string[];
  /** UDP port of GUE; 0: none. */
  readonly guePort: number;
}

/** The program over the maps that are pinned; they are made when there are none. */
function load(folder: string): LoadedObject {
  const path = objectPath('decap');
  if (!isPinned(folder)) {
    rmSync(folder, { recursive: true, force: true });
    makePinFolder(folder);
    const object = loadObject(path);
    for (const name of MAPS) pin(object.maps[name]!, join(folder, name));
    return object;
  }
  const standing = MAPS.map(name => [name, { fd: openPinned(join(folder, name)) }] as const);
  try {
    return loadObject(path, Object.fromEntries(standing));
  } finally {
    for (const [, { fd }] of standing) closeFd(fd);
  }
}

/**
 * Unwraps IP in IP and GUE on these interfaces from now on, also when this process has ended. Where it does so already nothing is
 * touched; no packet is lost when only the directors change.
 *
 * @returns what was done, a line each @throws {Error} with `code` and the interface; then the others may have been done
 */
export function attachDecap({ pinPath, interfaces, attach, directors, guePort }: DecapOptions): string[] {
  const folder = folderOf(pinPath);
  const object = load(folder);
  try {
    const done = [...putDirectors(object, directors), ...putPort(object, guePort)];
    for (const name of interfaces) done.push(...attachTo(name, attach, folder, object.programs['decap']!));
    return done;
  } finally {
    closeObject(object);
  }
}

function putDirectors(object: LoadedObject, directors: readonly string[]): string[] {
  const map = new BpfMap(object.maps['directors']!);
  const wanted = new Set(directors);
  const there = new Set(Array.from(map.keys(), addressText));
  const added = [...wanted].filter(address => !there.has(address));
  for (const address of added) map.put(addressBytes(address), u32(1));
  for (const address of there) if (!wanted.has(address)) map.delete(addressBytes(address));
  return added.map(address => `tunnels from ${address} are unwrapped`);
}

const onWire = (port: number) => ((port & 0xff) << 8) | (port >> 8);

function putPort(object: LoadedObject, port: number): string[] {
  const map = new BpfMap(object.maps['gue_port']!);
  const was = new Uint8Array(4);
  map.get(u32(0), was);
  if (Buffer.compare(was, u32(onWire(port))) === 0) return [];
  map.put(u32(0), u32(onWire(port)));
  return port === 0 ? ['GUE is no longer unwrapped'] : [`GUE is unwrapped at UDP port ${port}`];
}

const MODES: Record<Exclude<DecapAttachMode, 'auto'>, XdpMode> = { xdp: 'driver', 'xdp-generic': 'generic' };

function attachTo(name: string, attach: DecapAttachMode, folder: string, program: number): string[] {
  const place = placeOf(name, folder);
  if (place !== 'gone') {
    const { tag } = withPinned(folder, pinName('xdp', name), describeProgram);
    const isWanted = attach === 'auto' || MODES[attach] === place;
    if (isWanted && tag === describeProgram(program).tag) return [];
    if (!isWanted) detachXdp(name, place);
  }
  const { mode, why } = put(name, attach === 'auto' && place !== 'gone' ? place : attach, program, place);
  rmSync(join(folder, pinName('xdp', name)), { force: true });
  pin(program, join(folder, pinName('xdp', name)));
  return [`${name} unwraps tunnels (XDP, ${mode}: ${why})`];
}

type Put = { readonly mode: XdpMode; readonly why: string };

function put(name: string, wish: DecapAttachMode | XdpMode, program: number, ours: XdpMode | 'gone'): Put {
  const there = queryXdp(name);
  const id = ours === 'gone' ? there.driver || there.generic || there.offload : 0;
  if (id !== 0)
    throw new Error(
      `Cannot unwrap tunnels on ${name}: another XDP program (id ${id}) is there: ip link set ${name} xdp off`,
    );
  if (wish !== 'auto') {
    const mode = wish === 'xdp' || wish === 'driver' ? 'driver' : 'generic';
    attachXdp(name, program, mode);
    return { mode, why: 'as said' };
  }
  const reason = reasonForTc(name)?.replace('tc keeps', 'it keeps so');
  if (reason === undefined)
    try {
      attachXdp(name, program, 'driver');
      return { mode: 'driver', why: 'its driver can' };
    } catch (fault) {
      attachXdp(name, program, 'generic');
      return { mode: 'generic', why: `in the driver it cannot be: ${(fault as Error).message}` };
    }
  attachXdp(name, program, 'generic');
  return { mode: 'generic', why: reason };
}

/** Takes it off everywhere. @returns what was done, a line each */
export function removeDecap(pinPath: string): string[] {
  const folder = folderOf(pinPath);
  const done: string[] = [];
  for (const { name, place } of decapState(pinPath)?.interfaces ?? []) {
    if (place === 'gone') continue;
    detachXdp(name, place);
    done.push(`${name} unwraps tunnels no more`);
  }
  rmSync(folder, { recursive: true, force: true });
  return done;
}
