/** Persistent collections of the WAF in shared memory: what a rule counts in one thread, rules of all threads see. */
import {
  addTo,
  type CollectionRecord,
  type CollectionStore,
  type Entry,
  entry,
  type PersistentName,
} from '#waf';
import { NONE, openZone, type ZoneTable } from '../zone/table.ts';
import { readValues, type Value, writeValues } from './values-block.ts';

/** For names and values of a record; a longer value is cut, and what has no room at all is not kept. */
const BLOCK_BYTES = 1024;
const KEY_BYTES = 64;

/** The name of the zone that they are in. */
export const COLLECTIONS = 'waf collections';

/** For createZone(). The float says when the record is over. */
export const COLLECTION_SHAPE = { keyBytesMax: KEY_BYTES, floats: 1, ints: BLOCK_BYTES / 4 } as const;

/** One thread's view. Bounded by the zone: full, the record that was written longest ago makes room. */
export class SharedStore implements CollectionStore {
  readonly #table: ZoneTable;
  readonly #nowMs: () => number;

  /**
   * @param sab made by `createZone(bytes, COLLECTION_SHAPE)`
   * @param owner `ownerOf(threadId)`
   * @param nowMs one clock for all threads
   */
  constructor(sab: SharedArrayBuffer, owner: number, nowMs: () => number) {
    this.#table = openZone(sab, { owner });
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#table.size;
  }

  open(collection: PersistentName, key: string, timeoutSeconds: number): CollectionRecord {
    return new SharedRecord(this.#table, `${collection} ${key}`, timeoutSeconds * 1000, this.#nowMs);
  }
}

/** Every call is one step under the lock. O(values of the record). */
class SharedRecord implements CollectionRecord {
  readonly #table: ZoneTable;
  readonly #key: string;
  readonly #timeoutMs: number;
  readonly #nowMs: () => number;

  constructor(table: ZoneTable, key: string, timeoutMs: number, nowMs: () => number) {
    this.#table = table;
    this.#key = key;
    this.#timeoutMs = timeoutMs;
    this.#nowMs = nowMs;
  }

  get(lower: string): string | undefined {
    return this.#read().get(lower)?.value;
  }

  entries(): readonly Entry[] {
    return [...this.#read().values()].map(({ name, value }) => entry(name, value));
  }

  set(name: string, lower: string, value: string): void {
    this.#change(values => put(values, name, lower, value));
  }

  add(name: string, lower: string, delta: number): void {
    this.#change(values => put(values, name, lower, addTo(values.get(lower)?.value, delta)));
  }

  delete(lower: string): void {
    this.#changeKnown(values => values.delete(lower));
  }

  expire(lower: string, seconds: number): void {
    this.#changeKnown(values => {
      const value = values.get(lower);
      if (value) value.expiresMs = this.#nowMs() + seconds * 1000;
      return value !== undefined;
    });
  }

  #read(): Map<string, Value> {
    const table = this.#table;
    if (table.size === 0) return new Map();
    return this.#locked(() => {
      const entry = this.#find();
      return entry === NONE ? new Map() : readValues(this.#block(entry), this.#nowMs());
    });
  }

  /** Makes the record where it is not there, and lets it live on. */
  #change(work: (values: Map<string, Value>) => void): void {
    const table = this.#table;
    const nowMs = this.#nowMs();
    this.#locked(() => {
      let entry = this.#find();
      if (entry === NONE) entry = table.insert(nowMs);
      else table.touch(entry, nowMs);
      const values = readValues(this.#block(entry), nowMs);
      work(values);
      table.floats[table.floatAt(entry)] = nowMs + this.#timeoutMs;
      writeValues(this.#block(entry), values.values());
    });
  }

  /** @param work says whether it changed anything */
  #changeKnown(work: (values: Map<string, Value>) => boolean): void {
    this.#locked(() => {
      const entry = this.#find();
      if (entry === NONE) return;
      const values = readValues(this.#block(entry), this.#nowMs());
      if (work(values)) writeValues(this.#block(entry), values.values());
    });
  }

  #find(): number {
    const table = this.#table;
    const nowMs = this.#nowMs();
    const entry = table.find(this.#key, nowMs);
    if (entry === NONE || nowMs < table.floats[table.floatAt(entry)]!) return entry;
    table.remove(entry);
    table.find(this.#key, nowMs); // insert() may follow, and takes the key that was looked for last
    return NONE;
  }

  #block(entry: number): Buffer {
    const table = this.#table;
    return Buffer.from(table.ints.buffer, 4 * table.intAt(entry), BLOCK_BYTES);
  }

  #locked<T>(work: () => T): T {
    this.#table.lock.acquire();
    try {
      return work();
    } finally {
      this.#table.lock.release();
    }
  }
}

function put(values: Map<string, Value>, name: string, lower: string, value: string): void {
  const known = values.get(lower);
  if (known) known.value = value;
  else values.set(lower, { name, value, expiresMs: 0 });
}
