/** Persistent collections of the WAF in shared memory: what a rule counts in one thread, rules of all threads see. */
import type { CollectionRecord, CollectionStore, Entry, PersistentName } from '#waf';
import { NONE, openZone, type ZoneTable } from '../zone/table.ts';
import { engine } from './engine.ts';
import { newValue, readValues, type Value, writeValues } from './values-block.ts';

/** For names and values of a record; a longer value is cut, and what has no room at all is not kept. */
const BLOCK_BYTES = 1024;
const KEY_BYTES = 64;
/** What is deleted is remembered for so long, for other moats to learn it. */
const GONE_MS = 60_000;

/** The name of the zone that they are in. */
export const COLLECTIONS = 'waf collections';

/** For createZone(). */
export const COLLECTION_SHAPE = { keyBytesMax: KEY_BYTES, floats: 3, ints: BLOCK_BYTES / 4 } as const;

/** Floats of a record: when it is over, whether other moats have something to learn of it, and when they were told all of it. */
export const RECORD_CELL = { diesMs: 0, isNews: 1, toldMs: 2 } as const;

/** The bytes of a record's values, good while the lock is held. */
export function recordBlock(table: ZoneTable, entry: number): Buffer {
  return Buffer.from(table.ints.buffer, 4 * table.intAt(entry), BLOCK_BYTES);
}

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
    const known = this.#read().get(lower);
    return known?.isGone ? undefined : known?.value;
  }

  entries(): readonly Entry[] {
    return [...this.#read().values()]
      .filter(({ isGone }) => !isGone)
      .map(({ name, value }) => engine().entry(name, value));
  }

  set(name: string, lower: string, value: string): void {
    this.#change((values, nowMs) => put(values, name, lower, value, nowMs));
  }

  add(name: string, lower: string, delta: number): void {
    this.#change(values => count(values, name, lower, delta));
  }

  delete(lower: string): void {
    this.#changeKnown((values, nowMs) => {
      const value = values.get(lower);
      if (!value || value.isGone) return false;
      put(values, value.name, lower, '', nowMs);
      value.isGone = true;
      value.expiresMs = nowMs + GONE_MS;
      return true;
    });
  }

  expire(lower: string, seconds: number): void {
    this.#changeKnown((values, nowMs) => {
      const value = values.get(lower);
      if (!value || value.isGone) return false;
      value.expiresMs = nowMs + seconds * 1000;
      if (value.news === 'none') value.news = 'expiring';
      return true;
    });
  }

  #read(): Map<string, Value> {
    const table = this.#table;
    if (table.size === 0) return new Map();
    return this.#locked(() => {
      const entry = this.#find();
      return entry === NONE ? new Map() : readValues(recordBlock(table, entry), this.#nowMs());
    });
  }

  /** Makes the record where it is not there, and lets it live on. */
  #change(work: (values: Map<string, Value>, nowMs: number) => void): void {
    const table = this.#table;
    const nowMs = this.#nowMs();
    this.#locked(() => {
      let entry = this.#find();
      if (entry === NONE) entry = table.insert(nowMs);
      else table.touch(entry, nowMs);
      const block = recordBlock(table, entry);
      const values = readValues(block, nowMs);
      work(values, nowMs);
      const at = table.floatAt(entry);
      table.floats[at + RECORD_CELL.diesMs] = nowMs + this.#timeoutMs;
      table.floats[at + RECORD_CELL.isNews] = 1;
      writeValues(block, values.values());
    });
  }

  /** @param work says whether it changed anything */
  #changeKnown(work: (values: Map<string, Value>, nowMs: number) => boolean): void {
    const table = this.#table;
    const nowMs = this.#nowMs();
    this.#locked(() => {
      const entry = this.#find();
      if (entry === NONE) return;
      const block = recordBlock(table, entry);
      const values = readValues(block, nowMs);
      if (!work(values, nowMs)) return;
      table.touch(entry, nowMs);
      table.floats[table.floatAt(entry) + RECORD_CELL.isNews] = 1;
      writeValues(block, values.values());
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

  #locked<T>(work: () => T): T {
    this.#table.lock.acquire();
    try {
      return work();
    } finally {
      this.#table.lock.release();
    }
  }
}

function alive(values: Map<string, Value>, name: string, lower: string): Value {
  const known = values.get(lower);
  if (known && !known.isGone) return known;
  const fresh = { ...newValue(name), stampMs: known?.stampMs ?? 0 };
  values.set(lower, fresh);
  return fresh;
}

/** A stamp above the one that it has, also where clocks of moats differ: who sets a value knows better than whoever set it before. */
function put(values: Map<string, Value>, name: string, lower: string, value: string, nowMs: number): void {
  const one = alive(values, name, lower);
  one.value = value;
  one.stampMs = Math.max(nowMs, one.stampMs + 1);
  one.untold = 0;
  one.news = 'set';
}

function count(values: Map<string, Value>, name: string, lower: string, delta: number): void {
  const one = alive(values, name, lower);
  one.value = engine().addTo(one.value, delta);
  one.untold += delta;
}
