/** What the host's kernel says of processor, memory, disk and network. */
import { readFileSync, statfsSync } from 'node:fs';
import { cpuTicks, kibibytesOf } from '../../host/proc.ts';

const MOST_INTERFACES = 16;

/** Counts that only their growth tells something about. */
interface HostCounts {
  readonly all: number;
  readonly idle: number;
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
      ...cpuTicks(this.#text('/proc/stat')),
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
  if (ticks > 0) values.set('host_cpu_ratio', Math.max(0, 1 - (now.idle - before.idle) / ticks));
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
  const [total, available] = [kibibytesOf(text, 'MemTotal'), kibibytesOf(text, 'MemAvailable')];
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
