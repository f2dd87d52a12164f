/** Can this kernel, and this process, run programs of the L4 tier? */
import type { Finding } from '../host/finding.ts';
import type { Looked, Machine } from './machine.ts';

/** Programs like ours load from here on. */
const LEAST = [5, 10] as const;
/** Neighbours that the kernel itself keeps fresh. */
const WANTED = [5, 16] as const;

const CAPABILITIES = { net_admin: 12, net_raw: 13, sys_admin: 21, perfmon: 38, bpf: 39 } as const;

export function kernelFindings({ machine, l4 }: Looked): Finding[] {
  return [version(machine), compiler(machine), rights(machine), ...(l4 ? [pins(machine, l4.pinPath)] : [])];
}

function version({ kernel }: Machine): Finding {
  const [, major = 0, minor = 0] = (/^(\d+)\.(\d+)/.exec(kernel) ?? []).map(Number);
  const isBelow = (wanted: readonly [number, number]) =>
    major < wanted[0] || (major === wanted[0] && minor < wanted[1]);
  if (isBelow(LEAST))
    return {
      level: 'fault',
      what: `kernel ${kernel} is too old for the programs of the L4 tier`,
      remedy: 'take 5.16 or newer',
    };
  if (isBelow(WANTED))
    return {
      level: 'warning',
      what: `kernel ${kernel} does not keep the link addresses of real servers fresh by itself`,
      remedy: 'take 5.16 or newer',
    };
  return { level: 'fine', what: `kernel ${kernel}` };
}

function compiler({ setting }: Machine): Finding {
  const value = setting(['net', 'core', 'bpf_jit_enable']);
  if (value === undefined || value !== '0')
    return { level: 'fine', what: 'programs are compiled in the kernel (bpf_jit_enable)' };
  return {
    level: 'warning',
    what: 'the kernel interprets programs instead of compiling them, which is several times slower',
    remedy: 'sysctl -w net.core.bpf_jit_enable=1',
  };
}

function rights({ capabilities }: Machine): Finding {
  const has = (name: keyof typeof CAPABILITIES) => ((capabilities >> BigInt(CAPABILITIES[name])) & 1n) === 1n;
  const needed = has('sys_admin')
    ? (['net_admin', 'net_raw'] as const)
    : (['net_admin', 'net_raw', 'bpf', 'perfmon'] as const);
  const missing = needed.filter(name => !has(name));
  if (missing.length === 0)
    return { level: 'fine', what: 'this process may load programs and change the network' };
  const names = missing.map(name => `CAP_${name.toUpperCase()}`).join(', ');
  return { level: 'fault', what: `this process lacks ${names}`, remedy: 'run moat as root' };
}

function pins({ bpffs }: Machine, path: string): Finding {
  const mount = bpffs.find(point => path === point || path.startsWith(`${point}/`));
  if (mount !== undefined) return { level: 'fine', what: `${path} lies in the bpffs at ${mount}` };
  const [other] = bpffs;
  return {
    level: 'fault',
    what: `pin_path ${path} lies in no bpffs`,
    remedy: other === undefined ? 'mount -t bpf bpf /sys/fs/bpf' : `write pin_path ${other}/moat;`,
  };
}
