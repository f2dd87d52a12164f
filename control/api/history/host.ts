/** What the host's kernel says of processor, memory, disk and network. */
import { readFileSync, statfsSync } from 'node:fs';

const MOST_INTERFACES = 16;

/** Counts that only their growth tells something about. */
interface HostCounts {
  readonly busy: number;
  readonly all: number;
  readonly network: ReadonlyMap<string, { readonly received: number; readonly sent: number }>;
}

export class Host {
  readonly #read: (path: string) => string;
  #before: (HostCounts & { readonly atMs: number }) | undefined;

  /** @param read a file of /proc, as text */
  constructor(read = (path: string) => readFileSync(path, 'latin1')) {
    this.#read = read;
  }

  /** Adds what is known. @param nowMs of a clock that does not go back */
  readInto(values: Map<string, number>, nowMs: number): void {
    const now = {
      ...cpuOf(this.#text('/proc/stat')),
      network: networkOf(this.#text('/proc/net/dev')),
      atMs: nowMs,
    };
    const before = this.#before;
    this.#before = now;
    if (before) addGrowth(values, before, now);
    addMemory(values, this.#text('/proc/meminfo'));
    const load = Number.parseFloat(this.#text('/proc/loadavg'));
    if (Number.isFinite(load)) values.set('host_load1', load);
    addDisk(values, '/');
  }

  #text(path: string): string {
    try {
      return this.#read(path);
    } catch {
      return ''; // a host that hides it has no such metric
    }
  }
}

/** proc(5): user nice system idle iowait irq softirq steal. */
function cpuOf(stat: string): { readonly busy: number; readonly all: number } {
  const [line = ''] = stat.split('\n', 1);
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
  const all = ticks.reduce((sum, tick) => sum + tick, 0);
  return { all, busy: all - (ticks[3] ?? 0) - (ticks[4] ?? 0) };
}

function networkOf(text: string): HostCounts['network'] {
  const rows = text.split('\n').flatMap(line => {
    const [, name, numbers = ''] = /^\s*([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || name === 'lo') return [];
    const fields = numbers.split(/\s+/).map(Number);
    return [[name, { received: fields[0] ?? 0, sent: fields[8] ?? 0 }] as const];
  });
  return new Map(rows.slice(0, MOST_INTERFACES));
}

type Counts = HostCounts & { readonly atMs: number };

function addGrowth(values: Map<string, number>, before: Counts, now: Counts): void {
  const ticks = now.all - before.all;
  if (ticks > 0) values.set('host_cpu_ratio', Math.max(0, (now.busy - before.busy) / ticks));
  const seconds = (now.atMs - before.atMs) / 1000;
  if (seconds <= 0) return;
  for (const [name, { received, sent }] of now.network) {
    const earlier = before.network.get(name);
    if (!earlier || received < earlier.received || sent < earlier.sent) continue;
    const label = `{interface="${name}"}`;
    values.set(`host_network_receive_bytes_per_second${label}`, (received - earlier.received) / seconds);
    values.set(`host_network_transmit_bytes_per_second${label}`, (sent - earlier.sent) / seconds);
  }
}

function addMemory(values: Map<string, number>, text: string): void {
  const kib = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? Number.NaN);
  const [total, available] = [kib('MemTotal'), kib('MemAvailable')];
  if (!(total > 0) || Number.isNaN(available)) return;
  values.set('host_memory_available_bytes', available * 1024);
  values.set('host_memory_used_ratio', 1 - available / total);
}

function addDisk(values: Map<string, number>, path: string): void {
  try {
    const { blocks, bavail } = statfsSync(path);
    if (blocks > 0) values.set(`host_disk_used_ratio{path="${path}"}`, 1 - bavail / blocks);
  } catch {
    // no such disk, no such metric
  }
}
