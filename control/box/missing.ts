/** What a box needs of the machine, and what to do where it is not there. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { namespacesMissing } from './net/namespace.ts';

export interface Missing {
  readonly what: string;
  /** As one would type or say it. */
  readonly remedy: string;
}

const BUILT = ['../../native/build/moat-bpf.node', '../../l4/build/director-tc.o'];

/** The first thing that is missing; undefined: a box can be tried. */
export function boxMissing(): Missing | undefined {
  if (process.getuid?.() !== 0)
    return { what: 'network namespaces and eBPF need root', remedy: 'sudo npm start' };
  const isBuilt = BUILT.every(path => existsSync(fileURLToPath(new URL(path, import.meta.url))));
  if (!isBuilt)
    return {
      what: 'the L4 tier is not built',
      remedy: 'apt-get install clang libbpf-dev && scripts/build-bpf',
    };
  const what = namespacesMissing(['mount', 'umount']);
  if (what === undefined) return undefined;
  const remedy = what.startsWith('no ')
    ? 'apt-get install iproute2 util-linux'
    : 'in a container: run it with --privileged, or with --cap-add SYS_ADMIN, NET_ADMIN and BPF';
  return { what, remedy };
}
