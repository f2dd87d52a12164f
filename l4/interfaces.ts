/** Where the director stands on an interface: as XDP program where that is worth it, else in tc. */
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { AttachMode, AttachModel } from '#model/l4/l4.ts';
import { describeProgram, openPinned, pin } from '#native/bpf.ts';
import { attachTc, attachXdp, detachTc, detachXdp, queryXdp, type XdpMode } from '#native/bpf-attach.ts';
import { listLinks } from '#native/netlink.ts';
import { closeFd } from '#native/socket.ts';
import type { DirectorBuild } from './programs.ts';

/** Of our tc filter; others may stand before and behind it. */
export const TC_PRIORITY = 49;

export type Place = 'tc' | 'xdp' | 'xdp-generic';
export interface Attachment {
  readonly interface: string;
  readonly place: Place;
  /** Why it stands there, in words. */
  readonly why: string;
}

export interface AttachContext {
  /** Descriptor of the director's program; loaded when first asked for. */
  readonly program: (build: DirectorBuild) => number;
  /** Where it is noted which programs are ours. */
  readonly pinFolder: string;
  /** Where moats of other layouts have noted theirs. */
  readonly otherFolders: () => readonly string[];
}

/**
 * Attaches the director, in the place of the one that stands there. Packets are forwarded at every moment.
 *
 * @throws {Error} with `code` and the interface's name
 */
export function attachDirector({ interface: name, mode }: AttachModel, context: AttachContext): Attachment {
  if (!isThere(name))
    throw new Error(`l4: attach ${name}: there is no such interface (ip link shows those that are)`);
  allowForwarding(name);
  const reason = mode === 'auto' ? reasonForTc(name) : undefined;
  if (mode === 'tc' || reason !== undefined) return attachInTc(name, reason ?? 'as configured', context);
  if (mode !== 'auto') return attachInXdp(name, mode, 'as configured', context);
  try {
    return attachInXdp(name, 'xdp', 'its driver can', context);
  } catch (fault) {
    return attachInTc(name, `XDP cannot be: ${(fault as Error).message}`, context);
  }
}

/** The build that is tried first there. */
export const buildFor = ({ interface: name, mode }: AttachModel): DirectorBuild =>
  mode === 'tc' || (mode === 'auto' && reasonForTc(name) !== undefined) ? 'tc' : 'xdp';

function attachInTc(name: string, why: string, context: AttachContext): Attachment {
  const program = context.program('tc');
  attachTc(name, 'ingress', program, TC_PRIORITY);
  note(program, 'tc', name, context);
  leaveXdp(name, context.pinFolder);
  return { interface: name, place: 'tc', why };
}

function attachInXdp(
  name: string,
  place: Exclude<AttachMode, 'tc' | 'auto'>,
  why: string,
  context: AttachContext,
): Attachment {
  const mode: XdpMode = place === 'xdp' ? 'driver' : 'generic';
  const other: XdpMode = place === 'xdp' ? 'generic' : 'driver';
  const there = queryXdp(name);
  const ours = new Set([context.pinFolder, ...context.otherFolders()].map(folder => idOfOurs(name, folder)));
  if (there[other] !== 0 && ours.has(there[other])) detachXdp(name, other);
  if (there[mode] !== 0 && !ours.has(there[mode]))
    throw new Error(`Cannot attach an XDP program to ${name}: another one (id ${there[mode]}) is there`);
  const program = context.program('xdp');
  attachXdp(name, program, mode);
  note(program, 'xdp', name, context);
  leaveTc(name, context.pinFolder);
  return { interface: name, place, why };
}

/** A bpffs knows no dots in names. */
export const pinName = (prefix: string, name: string): string =>
  `${prefix}-${encodeURIComponent(name).replaceAll('.', '%2E')}`;
const pinOf = (build: DirectorBuild, name: string, pinFolder: string) =>
  join(pinFolder, pinName(build, name));

/** So that the next life knows what stands where. */
function note(program: number, build: DirectorBuild, name: string, { pinFolder }: AttachContext): void {
  rmSync(pinOf(build, name, pinFolder), { force: true });
  pin(program, pinOf(build, name, pinFolder));
}

/** The interfaces that this or an earlier life has attached the director to. */
export function attachedInterfaces(pinFolder: string): Set<string> {
  const notes = readdirSync(pinFolder).flatMap(file => /^(?:tc|xdp)-(.+)$/.exec(file)?.[1] ?? []);
  return new Set(notes.map(decodeURIComponent));
}

/** Id of the XDP program that we have put there; 0 when we have not. */
function idOfOurs(name: string, pinFolder: string): number {
  if (!existsSync(pinOf('xdp', name, pinFolder))) return 0;
  const fd = openPinned(pinOf('xdp', name, pinFolder));
  try {
    return describeProgram(fd).id;
  } finally {
    closeFd(fd);
  }
}

function leaveXdp(name: string, pinFolder: string): void {
  const ours = idOfOurs(name, pinFolder);
  if (ours === 0) return;
  const there = queryXdp(name);
  if (there.driver === ours) detachXdp(name, 'driver');
  if (there.generic === ours) detachXdp(name, 'generic');
  rmSync(pinOf('xdp', name, pinFolder));
}

function leaveTc(name: string, pinFolder: string): void {
  if (!existsSync(pinOf('tc', name, pinFolder))) return;
  detachTc(name, 'ingress', TC_PRIORITY);
  rmSync(pinOf('tc', name, pinFolder));
}

/** Takes the director off an interface, which may be gone by now; others' programs stay. */
export function detachDirector(name: string, pinFolder: string): void {
  if (isThere(name)) {
    leaveTc(name, pinFolder);
    leaveXdp(name, pinFolder);
  }
  for (const build of ['tc', 'xdp'] as const) rmSync(pinOf(build, name, pinFolder), { force: true });
}

/** Takes off what a moat of another layout has attached, where the director of this one has not taken its place. */
export function detachOther(otherFolder: string, pinFolder: string): void {
  for (const name of attachedInterfaces(otherFolder)) {
    // In tc ours stands where the other one stood: only its note goes.
    if (existsSync(pinOf('tc', name, pinFolder))) rmSync(pinOf('tc', name, otherFolder), { force: true });
    detachDirector(name, otherFolder);
  }
}

const isThere = (name: string): boolean => existsSync(`/proc/sys/net/ipv4/conf/${name}`);

/** Drivers whose offloads are worth more than an early look at the packet. */
const KEEPS_OFFLOADS: ReadonlySet<string> = new Set(['virtio_net', 'xen_netfront', 'hv_netvsc']);

/** Undefined: it is none of hardware. */
export function driverOf(name: string): string | undefined {
  const link = `/sys/class/net/${name}/device/driver`;
  // /sys may show another network namespace than this one: what the kernel itself calls virtual has no hardware.
  const isVirtual = listLinks().some(one => one.name === name && one.kind !== '');
  return isVirtual || !existsSync(link) ? undefined : basename(readlinkSync(link));
}

/** Why XDP in the driver costs more than it gives there; undefined: it does not. */
export function reasonForTc(name: string): string | undefined {
  const driver = driverOf(name);
  if (driver === undefined) return 'a virtual interface: tc keeps its offloads';
  return KEEPS_OFFLOADS.has(driver) ? `driver ${driver}: tc keeps its offloads` : undefined;
}

/** The kernel's route lookup answers only for interfaces that forward. @throws {Error} where that is off, and cannot be changed */
function allowForwarding(name: string): void {
  for (const family of ['ipv4', 'ipv6']) {
    const folder = `/proc/sys/net/${family}/conf/${name}`;
    if (!existsSync(folder) || isOn(`${folder}/forwarding`) || isOn(`${folder}/disable_ipv6`)) continue;
    try {
      writeFileSync(`${folder}/forwarding`, '1');
    } catch (fault) {
      const { code } = fault as NodeJS.ErrnoException;
      const setting = `net.${family}.conf.${name}.forwarding`;
      throw new Error(
        `${setting} is 0 and cannot be changed from here (${code}): set it to 1, in a container by its sysctls`,
      );
    }
  }
}

const isOn = (path: string): boolean => existsSync(path) && readFileSync(path, 'latin1').trim() === '1';
