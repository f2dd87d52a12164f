/** What the checks of `moat doctor` look at; made of this host, or of a test's. */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { driverOf, TC_PRIORITY, type Tried, tryPrograms } from '#l4';
import type { VrrpInstanceModel } from '#model/cluster/vrrp.ts';
import type { L4Model } from '#model/l4/l4.ts';
import { bpfAddon } from '#native/bpf-addon.ts';
import { queryTc, queryXdp } from '#native/bpf-attach.ts';
import { effectiveCapabilities } from '#native/capabilities.ts';
import { offloadsOf, type XdpFeature, xdpFeaturesOf } from '#native/device.ts';
import { listLinks } from '#native/netlink.ts';
import { type HostLink, hostLinks, readSetting } from '../host/facts.ts';
import { type Way, waysTo } from '../host/ways.ts';

/** An interface as a device; undefined: the kernel does not say. */
export interface Device {
  /** Undefined: it is none of hardware. */
  readonly driver: string | undefined;
  /** `veth`, `bridge`; '' for hardware. */
  readonly kind: string;
  /** The bridge or bond that it is part of. */
  readonly master: string | undefined;
  /** Those that are on. */
  readonly offloads: ReadonlySet<string> | undefined;
  readonly xdp: ReadonlySet<XdpFeature> | undefined;
  /** Id of an XDP program there; 0: there is none. */
  readonly xdpProgram: number;
  /** A director's program stands in tc. */
  readonly hasDirector: boolean;
  /** Of veth: its other end, where that is in this namespace. */
  readonly peer: string | undefined;
}

export interface Machine {
  /** As `uname -r` says it. */
  readonly kernel: string;
  /** It tells its own types (BTF). */
  readonly hasTypes: boolean;
  /** CapEff, as a number of bits. */
  readonly capabilities: bigint;
  /** Bytes that this process may lock; undefined: as many as it likes. */
  readonly lockedBytes: number | undefined;
  readonly clockSource: string | undefined;
  /** Mount points of bpffs. */
  readonly bpffs: readonly string[];
  readonly links: readonly HostLink[];
  readonly setting: (path: readonly string[]) => string | undefined;
  /** Whether this process could change a setting. */
  readonly canSet: (path: readonly string[]) => boolean;
  readonly device: (link: string) => Device;
  readonly ways: (address: string) => readonly Way[];
  /** Loads the programs, for that tells more than any version. */
  readonly programs: () => readonly Tried[];
}

/** Link addresses of others that have answered for an address, by the address; those that were not asked for are missing. */
export type Answers = ReadonlyMap<string, { readonly link: string; readonly macs: readonly string[] }>;

/** `l4` undefined: there is no l4 block, or no configuration. */
export interface Looked {
  readonly machine: Machine;
  readonly l4: L4Model | undefined;
  /** Virtual routers of the same configuration. */
  readonly routers: readonly VrrpInstanceModel[];
  readonly answers: Answers;
}

export function thisMachine(): Machine {
  return {
    kernel: release(),
    hasTypes: existsSync('/sys/kernel/btf/vmlinux'),
    capabilities: effectiveCapabilities(),
    lockedBytes: lockedBytes(),
    clockSource: lineOf('/sys/devices/system/clocksource/clocksource0/current_clocksource'),
    bpffs: mountsOf('bpf'),
    links: hostLinks(),
    setting: readSetting,
    canSet: path => isWritable(`/proc/sys/${path.join('/')}`),
    device: deviceOf,
    ways: waysTo,
    programs: tryPrograms,
  };
}

function deviceOf(name: string): Device {
  const links = listLinks();
  const link = links.find(one => one.name === name);
  const index = link?.index ?? 0;
  return {
    driver: driverOf(name),
    kind: link?.kind ?? '',
    master: links.find(one => one.index === link?.master)?.name,
    offloads: offloadsOf(index, name),
    xdp: xdpFeaturesOf(index, name),
    xdpProgram: xdpProgram(name),
    hasDirector: hasBpf() && queryTc(name, 'ingress', TC_PRIORITY) !== 0,
    peer: link?.kind === 'veth' ? links.find(one => one.index === link.peer)?.name : undefined,
  };
}

function xdpProgram(name: string): number {
  if (!hasBpf()) return 0;
  const { driver, generic, offload } = queryXdp(name);
  return driver || generic || offload;
}

/** Where it is not, the programs say so. */
function hasBpf(): boolean {
  try {
    return bpfAddon() !== undefined;
  } catch {
    return false;
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const lineOf = (path: string): string | undefined =>
  existsSync(path) ? readFileSync(path, 'latin1').trim() : undefined;

function lockedBytes(): number | undefined {
  const limits = readFileSync('/proc/self/limits', 'latin1');
  const [, soft = ''] = /^Max locked memory\s+(\S+)/m.exec(limits) ?? [];
  return /^\d+$/.test(soft) ? Number(soft) : undefined;
}

function mountsOf(type: string): string[] {
  const rows = readFileSync('/proc/self/mounts', 'latin1').split('\n');
  return rows.flatMap(row => {
    const [, point = '', kind] = row.split(' ');
    return kind === type ? [point] : [];
  });
}
