/** Objects, maps and programs of BPF, by plain descriptors that whoever opened them closes. */
import { bpfAddon, type MapFacts, type StructLayout } from './bpf-addon.ts';
import { closeFd } from './socket.ts';

export type { MapFacts, StructLayout };

/** The kernel's numbers for the kinds of map that are made at run time. */
export const MAP_TYPE = { hash: 1, array: 2, lpmTrie: 11 } as const;
/** Flags of a new map: inner maps whose sizes differ. */
export const MAP_FLAG = { innerMap: 0x1000 } as const;
/** `any` entry, only a `fresh` one, only an `existing` one. */
export type PutRule = 'any' | 'fresh' | 'existing';
const PUT_FLAGS: Record<PutRule, number> = { any: 0, fresh: 1, existing: 2 };

/** How one map of an object differs from what is written in it: sizes, or a map that stands already (`fd`). */
export type MapWish = { maxEntries?: number; innerEntries?: number; fd?: number };
export type LoadedObject = {
  readonly maps: Readonly<Record<string, number>>;
  readonly programs: Readonly<Record<string, number>>;
};

/**
 * Loads a compiled object: all its maps and programs.
 *
 * @returns descriptors by name; the caller closes them (`closeObject`)
 * @throws {Error} with `code`, `object` (the path) and `log`, the end of what libbpf and the verifier said
 */
export const loadObject = (path: string, maps: Readonly<Record<string, MapWish>> = {}): LoadedObject =>
  bpfAddon().bpfLoad(path, maps);

export function closeObject(object: LoadedObject): void {
  for (const fd of [...Object.values(object.maps), ...Object.values(object.programs)]) closeFd(fd);
}

/** The named structs of an object's types. */
export const structsOf = (path: string): Record<string, StructLayout> => bpfAddon().bpfStructs(path);

/** Gives a program or a map a name in a bpffs: it lives until that name is unlinked and nobody uses it. */
export const pin = (fd: number, path: string): void => bpfAddon().bpfPin(fd, path);
/** Opens what was pinned. @throws {Error} ENOENT if there is no such name */
export const openPinned = (path: string): number => bpfAddon().bpfGet(path);
export const describeProgram = (fd: number): { name: string; tag: string; id: number; type: number } =>
  bpfAddon().bpfDescribeProgram(fd);

/**
 * The maps that a program uses, whoever has loaded it.
 *
 * @param id as queryTc() gives it @returns descriptors by name, of which the kernel keeps 15 letters; the caller closes them
 * @throws {Error} ENOENT if it has gone
 */
export const mapsOf = (id: number): Record<string, number> => bpfAddon().bpfMapsOf(id);

/** @returns descriptor of a new map */
export const createMap = (options: {
  type: number;
  name: string;
  keyBytes: number;
  valueBytes: number;
  maxEntries: number;
  flags?: number;
}): number => bpfAddon().mapCreate(options);

/** How many entries a batch has at first; it grows when a bucket of a hash map holds more. */
const BATCH_ENTRIES = 256;

/**
 * A map by its descriptor, which stays the caller's. Keys and values are bytes of exactly the map's sizes; values of per-CPU maps
 * are one after another, each padded to 8 bytes.
 */
export class BpfMap {
  readonly fd: number;
  readonly facts: MapFacts;
  readonly #addon = bpfAddon();

  constructor(fd: number) {
    this.fd = fd;
    this.facts = this.#addon.bpfDescribeMap(fd);
  }

  /** Fills `value`. @returns whether there is such an entry */
  get(key: Uint8Array, value: Uint8Array): boolean {
    return this.#addon.mapGet(this.fd, key, value);
  }

  /** @throws {Error} EEXIST, ENOENT by `rule`; E2BIG, ENOSPC when the map is full */
  put(key: Uint8Array, value: Uint8Array, rule: PutRule = 'any'): void {
    this.#addon.mapPut(this.fd, key, value, PUT_FLAGS[rule]);
  }

  /** @returns whether there was such an entry */
  delete(key: Uint8Array): boolean {
    return this.#addon.mapDelete(this.fd, key);
  }

  /** Writes entries that lie one after another. On a fault those before it are written. */
  putAll(keys: Uint8Array, values: Uint8Array, rule: PutRule = 'any'): void {
    this.#addon.mapPutBatch(this.fd, keys, values, PUT_FLAGS[rule]);
  }

  /** Deletes entries whose keys lie one after another. @returns how many, up to the first that was missing */
  deleteAll(keys: Uint8Array): number {
    return this.#addon.mapDeleteBatch(this.fd, keys);
  }

  /** The keys one after another: for maps without batches (array of maps), and small ones. Each is a new array. */
  *keys(): Generator<Uint8Array> {
    let key: Uint8Array | undefined;
    for (;;) {
      const next = new Uint8Array(this.facts.keyBytes);
      if (!this.#addon.mapNext(this.fd, key, next)) return;
      yield next;
      key = next;
    }
  }

  /**
   * All entries, read in batches. What is written meanwhile may or may not be seen.
   *
   * @param valueBytes bytes of a value as it is read: for per-CPU maps, those of all CPUs
   * @returns views into buffers that the next step overwrites
   */
  *entries(valueBytes = this.facts.valueBytes): Generator<[key: Uint8Array, value: Uint8Array]> {
    const { keyBytes } = this.facts;
    const cursor = new Uint8Array(Math.max(keyBytes, 4));
    let room = BATCH_ENTRIES;
    let keys = new Uint8Array(room * keyBytes);
    let values = new Uint8Array(room * valueBytes);
    for (let first = true; ; ) {
      const read = this.#readBatch(cursor, first, keys, values);
      if (read === undefined) {
        room *= 4;
        keys = new Uint8Array(room * keyBytes);
        values = new Uint8Array(room * valueBytes);
        continue;
      }
      const count = read < 0 ? -1 - read : read;
      for (let at = 0; at < count; at++) {
        yield [
          keys.subarray(at * keyBytes, (at + 1) * keyBytes),
          values.subarray(at * valueBytes, (at + 1) * valueBytes),
        ];
      }
      if (read < 0) return;
      first = false;
    }
  }

  /** Entries read, -1 - entries when they were the last, or nothing when the buffers are smaller than a bucket. */
  #readBatch(cursor: Uint8Array, first: boolean, keys: Uint8Array, values: Uint8Array): number | undefined {
    try {
      return this.#addon.mapGetBatch(this.fd, cursor, first, keys, values);
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code === 'ENOSPC') return undefined;
      throw fault;
    }
  }
}

export type RunResult = { readonly verdict: number; readonly bytes: number; readonly durationNs: number };

/**
 * Runs a loaded program on one packet, from its Ethernet header on.
 *
 * @param out is filled with the packet as the program left it; `bytes` of the result says how much
 * @param repeat how often; `durationNs` is the mean. The packet is not reset between the runs
 */
export const runProgram = (
  fd: number,
  run: { data: Uint8Array; out?: Uint8Array; context?: Uint8Array; repeat?: number },
): RunResult => bpfAddon().programRun(fd, run);

const RING_ROOM_BYTES = 64 * 1024;

/**
 * Reads a ring buffer for as long as this thread lives, without keeping it alive.
 *
 * @param onRecord is called with each record, at most 4096 bytes of it; the bytes are good until it returns
 */
export function readRing(fd: number, onRecord: (record: Uint8Array) => void): void {
  const room = new Uint8Array(RING_ROOM_BYTES);
  const view = new DataView(room.buffer);
  bpfAddon().ringOpen(fd, room, bytes => {
    for (let at = 0; at < bytes; ) {
      const length = view.getUint32(at, true);
      onRecord(room.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
  });
}
