/** What the checks of `moat doctor` look at; made of this host, or of a test's. */
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { release } from 'node:os';
import { basename } from 'node:path';
import type { L4Model } from '#model/l4/l4.ts';
import { type HostLink, hostLinks, readSetting } from '../host/facts.ts';

export interface Machine {
  /** As `uname -r` says it. */
  readonly kernel: string;
  /** CapEff, as a number of bits. */
  readonly capabilities: bigint;
  /** Mount points of bpffs. */
  readonly bpffs: readonly string[];
  readonly links: readonly HostLink[];
  readonly setting: (path: readonly string[]) => string | undefined;
  /** Of an interface; undefined: it is none of hardware. */
  readonly driver: (link: string) => string | undefined;
}

/** Undefined: there is no l4 block. */
export type Looked = { readonly machine: Machine; readonly l4: L4Model | undefined };

export function thisMachine(): Machine {
  return {
    kernel: release(),
    capabilities: capabilities(),
    bpffs: mountsOf('bpf'),
    links: hostLinks(),
    setting: readSetting,
    driver(link) {
      const path = `/sys/class/net/${link}/device/driver`;
      return existsSync(path) ? basename(readlinkSync(path)) : undefined;
    },
  };
}

function capabilities(): bigint {
  const [, bits = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
  return BigInt(`0x${bits}`);
}

function mountsOf(type: string): string[] {
  const rows = readFileSync('/proc/self/mounts', 'latin1').split('\n');
  return rows.flatMap(row => {
    const [, point = '', kind] = row.split(' ');
    return kind === type ? [point] : [];
  });
}
