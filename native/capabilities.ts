/** What this process may do, as the kernel counts it (capabilities(7)). */
import { readFileSync } from 'node:fs';

/** Bits of a set; those that moat has a use for. */
export const CAPABILITY = { net_admin: 12, net_raw: 13, sys_admin: 21, perfmon: 38, bpf: 39 } as const;
export type Capability = keyof typeof CAPABILITY;

/** The effective set of this process. */
export function effectiveCapabilities(): bigint {
  const [, bits = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
  return BigInt(`0x${bits}`);
}

/** @returns those that are missing from `set`, by their names in manuals: `CAP_BPF`; sys_admin stands in for bpf and perfmon */
export function missingCapabilities(set: bigint, needed: readonly Capability[]): string[] {
  const has = (name: Capability) => ((set >> BigInt(CAPABILITY[name])) & 1n) === 1n;
  const isCovered = (name: Capability) =>
    has(name) || ((name === 'bpf' || name === 'perfmon') && has('sys_admin'));
  return needed.filter(name => !isCovered(name)).map(name => `CAP_${name.toUpperCase()}`);
}
