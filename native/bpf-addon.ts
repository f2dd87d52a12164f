/** Loads the BPF addon once per thread: an addon of its own, so that moat runs where libbpf is absent. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** A struct as the compiled object has it, in bytes. */
export type StructLayout = {
  readonly size: number;
  readonly members: Readonly<Record<string, { readonly offset: number; readonly size: number }>>;
};

export type MapFacts = {
  readonly name: string;
  readonly id: number;
  readonly type: number;
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly maxEntries: number;
  readonly flags: number;
};

/** The verbs as they stand in C. The typed faces (`bpf.ts`, `bpf-attach.ts`) are what others use. */
export type BpfAddon = {
  bpfLoad(path: string, maps: object): { maps: Record<string, number>; programs: Record<string, number> };
  bpfStructs(path: string): Record<string, StructLayout>;
  bpfPin(fd: number, path: string): void;
  bpfGet(path: string): number;
  bpfDescribeMap(fd: number): MapFacts;
  bpfDescribeProgram(fd: number): { name: string; tag: string; id: number; type: number };
  bpfMapsOf(id: number): Record<string, number>;
  mapCreate(options: object): number;
  mapGet(fd: number, key: Uint8Array, value: Uint8Array): boolean;
  mapPut(fd: number, key: Uint8Array, value: Uint8Array, flags?: number): void;
  mapDelete(fd: number, key: Uint8Array): boolean;
  mapNext(fd: number, key: Uint8Array | undefined, next: Uint8Array): boolean;
  mapGetBatch(fd: number, cursor: Uint8Array, first: boolean, keys: Uint8Array, values: Uint8Array): number;
  mapPutBatch(fd: number, keys: Uint8Array, values: Uint8Array, flags?: number): void;
  mapDeleteBatch(fd: number, keys: Uint8Array): number;
  xdpAttach(name: string, fd: number | undefined, mode: string, was?: number): void;
  xdpQuery(name: string): { driver: number; generic: number; offload: number };
  tcAttach(name: string, point: string, fd: number, priority: number): void;
  tcDetach(name: string, point: string, priority: number): boolean;
  tcQuery(name: string, point: string, priority: number): number;
  programRun(fd: number, options: object): { verdict: number; bytes: number; durationNs: number };
  ringOpen(fd: number, room: Uint8Array, onRecords: (bytes: number) => void): void;
};

const BUILD_DIR = join(import.meta.dirname, 'build');
const REMEDY = 'run scripts/build-bpf (it needs: apt-get install clang libbpf-dev)';

/** The newest verb: an addon without it was compiled before the TypeScript beside it was written. */
const NEWEST_VERB: keyof BpfAddon = 'bpfMapsOf';

// A cache: dlopen() gives the same addon each time, and asking it costs a stat() per call.
let loaded: BpfAddon | undefined;

/**
 * The addon, loaded at the first call. `MOAT_NATIVE=asan` takes the variant of the sanitizer run.
 *
 * @throws {Error} that names the remedy, if the addon is not built, is out of date, or finds no libbpf
 */
export function bpfAddon(): BpfAddon {
  const name = process.env['MOAT_NATIVE'] === 'asan' ? 'moat-bpf-asan.node' : 'moat-bpf.node';
  loaded ??= load(join(BUILD_DIR, name));
  return loaded;
}

function load(path: string): BpfAddon {
  if (!existsSync(path)) throw new Error(`Cannot load ${path}: it is not built: ${REMEDY}`);
  let found: BpfAddon;
  try {
    found = createRequire(import.meta.url)(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot load ${path}: ${reason}: ${REMEDY}`, { cause });
  }
  if (!(NEWEST_VERB in found)) throw new Error(`Cannot use ${path}: it is older than its sources: ${REMEDY}`);
  return found;
}
