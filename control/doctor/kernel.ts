/** Can this kernel, and this process, run programs of the L4 tier? */

import type { Tried } from '#l4';
import { L4_PIN_PATH } from '#model/l4/l4.ts';
import { missingCapabilities } from '#native/capabilities.ts';
import type { Finding } from '../host/finding.ts';
import type { Looked, Machine } from './machine.ts';

/** Programs like ours load from here on. */
const LEAST = [5, 10] as const;
/** Neighbours that the kernel itself keeps fresh. */
const WANTED = [5, 16] as const;

export function kernelFindings({ machine, l4 }: Looked): Finding[] {
  return [
    version(machine),
    ...types(machine),
    compiler(machine),
    ...hardening(machine),
    rights(machine),
    ...lockedMemory(machine),
    ...clock(machine),
    pins(machine, l4?.pinPath),
    ...(lacking(machine).length > 0 ? [] : machine.programs().map(program)), // none would load, which says nothing of the kernel
  ];
}

/** Numbers of a version: `6.1.0-1-amd64` is 6 and 1. */
function isBelow(kernel: string, [wantedMajor, wantedMinor]: readonly [number, number]): boolean {
  const [, major = 0, minor = 0] = (/^(\d+)\.(\d+)/.exec(kernel) ?? []).map(Number);
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}

function version({ kernel }: Machine): Finding {
  if (isBelow(kernel, LEAST))
    return {
      level: 'fault',
      what: `kernel ${kernel} is too old for the programs of the L4 tier`,
      remedy: 'take 5.16 or newer',
    };
  if (isBelow(kernel, WANTED))
    return {
      level: 'warning',
      what: `kernel ${kernel} does not keep the link addresses of real servers fresh by itself`,
      remedy: 'take 5.16 or newer',
    };
  return { level: 'fine', what: `kernel ${kernel}` };
}

/** Programs of ours read a field of the kernel's, and it must say where that lies. */
function types({ hasTypes }: Machine): Finding[] {
  if (hasTypes) return [];
  return [
    {
      level: 'fault',
      what: 'the kernel does not tell its types (/sys/kernel/btf/vmlinux), which the programs of the L4 tier need',
      remedy: 'take a kernel with CONFIG_DEBUG_INFO_BTF, as those of the distributions are',
    },
  ];
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

const lacking = ({ capabilities }: Machine) =>
  missingCapabilities(capabilities, ['net_admin', 'net_raw', 'bpf', 'perfmon']);

function rights(machine: Machine): Finding {
  const missing = lacking(machine);
  if (missing.length === 0)
    return { level: 'fine', what: 'this process may load programs and change the network' };
  return {
    level: 'fault',
    what: `this process lacks ${missing.join(', ')}: whether the programs load was not tried`,
    remedy: 'run moat as root',
  };
}

/** Each constant is hidden in two instructions then, also in root's programs. */
function hardening({ setting }: Machine): Finding[] {
  if (setting(['net', 'core', 'bpf_jit_harden']) !== '2') return [];
  return [
    {
      level: 'warning',
      what: 'bpf_jit_harden is 2: programs of root are made slower too, which costs each packet',
      remedy: 'sysctl -w net.core.bpf_jit_harden=1',
    },
  ];
}

/** From here on maps count as memory of their cgroup, and not against the limit of locked memory. */
const MEMORY_OF_CGROUP = [5, 11] as const;

function lockedMemory({ kernel, lockedBytes }: Machine): Finding[] {
  if (lockedBytes === undefined || !isBelow(kernel, MEMORY_OF_CGROUP)) return [];
  return [
    {
      level: 'fault',
      what: `kernel ${kernel} counts maps as locked memory, of which this process may have ${lockedBytes} bytes: the connection table needs more`,
      remedy: 'ulimit -l unlimited (systemd: LimitMEMLOCK=infinity)',
    },
  ];
}

/** Those that cost a system call, or a register of a chip, each time. The program asks for the time with each packet. */
const SLOW_CLOCKS = /^(hpet|acpi_pm|jiffies|refined-jiffies|pit|xen)$/;

function clock({ clockSource }: Machine): Finding[] {
  if (clockSource === undefined) return [];
  if (!SLOW_CLOCKS.test(clockSource)) return [{ level: 'fine', what: `clock source ${clockSource}` }];
  return [
    {
      level: 'warning',
      what: `clock source ${clockSource} is slow, and the time is asked for with each packet`,
      remedy: 'see /sys/devices/system/clocksource/clocksource0/available_clocksource; tsc is fast',
    },
  ];
}

/** The verifier's last words matter most. */
function program({ name, fault }: Tried): Finding {
  if (fault === undefined) return { level: 'fine', what: `${name} loads into this kernel` };
  return {
    level: 'fault',
    what: `${name} does not load: ${fault}`,
    remedy: fault.includes('scripts/build-bpf')
      ? 'scripts/build-bpf, or a package of moat that brings the programs'
      : 'take a newer kernel, or tell us with this line',
  };
}

const USUAL_MOUNT = '/sys/fs/bpf';

function pins({ bpffs }: Machine, path = L4_PIN_PATH): Finding {
  const mount = bpffs.find(point => path === point || path.startsWith(`${point}/`));
  if (mount !== undefined) return { level: 'fine', what: `${path} lies in the bpffs at ${mount}` };
  const [other] = bpffs;
  return {
    level: 'fault',
    what: `pin_path ${path} lies in no bpffs`,
    remedy:
      other === undefined || path.startsWith(USUAL_MOUNT)
        ? `mount -t bpf bpf ${USUAL_MOUNT}`
        : `write pin_path ${other}/moat;`,
  };
}
