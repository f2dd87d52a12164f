/** Persistent collections (IP, SESSION, GLOBAL, RESOURCE, USER): records by key that outlive a transaction. */
import { type Entry, entry } from '../variable/variable.ts';
import { addTo, type MutableCollection } from './variables.ts';

export const PERSISTENT = ['GLOBAL', 'IP', 'RESOURCE', 'SESSION', 'USER'] as const;
export type PersistentName = (typeof PERSISTENT)[number];

/** One record, open while a transaction uses it. What it does is seen by all others at once. */
export interface CollectionRecord extends MutableCollection {
  /** Adds as one step, so that transactions in other threads lose no count. */
  add(name: string, lower: string, delta: number): void;
  /** Lets a value vanish after so many seconds. */
  expire(lower: string, seconds: number): void;
}

/** Where records live. Bounded: the keys are a stranger's to choose. */
export interface CollectionStore {
  /** @param timeoutSeconds how long a record lives after it was last written */
  open(collection: PersistentName, key: string, timeoutSeconds: number): CollectionRecord;
}

export interface StoreLimits {
  /** Records of all collections; the one that was used longest ago makes room. */
  readonly records: number;
  readonly valuesPerRecord: number;
  /** Of a name and its value; a longer value is cut. */
  readonly valueBytes: number;
}

interface Kept {
  readonly name: string;
  value: string;
  /** 0 for never. */
  expiresMs: number;
}

const LIMITS: StoreLimits = { records: 50_000, valuesPerRecord: 64, valueBytes: 1024 };
const KEY_BYTES = 256;

/** Records in the memory of one thread. */
export class MemoryStore implements CollectionStore {
  readonly #records = new Map<string, MemoryRecord>();
  readonly #limits: StoreLimits;
  readonly #now: () => number;

  /** @param now the time in ms */
  constructor(now: () => number, limits: StoreLimits = LIMITS) {
    this.#now = now;
    this.#limits = limits;
  }

  get size(): number {
    return this.#records.size;
  }

  open(collection: PersistentName, key: string, timeoutSeconds: number): CollectionRecord {
    const id = `${collection} ${key.slice(0, KEY_BYTES)}`;
    const known = this.#records.get(id);
    const record = known?.alive() ? known : new MemoryRecord(this.#now, timeoutSeconds * 1000, this.#limits);
    this.#records.delete(id); // and again at the end: the order is that of use
    this.#records.set(id, record);
    if (this.#records.size > this.#limits.records) this.#records.delete(this.#records.keys().next().value!);
    return record;
  }
}

class MemoryRecord implements CollectionRecord {
  readonly #values = new Map<string, Kept>();
  readonly #now: () => number;
  readonly #timeoutMs: number;
  readonly #limits: StoreLimits;
  #diesMs: number;

  constructor(now: () => number, timeoutMs: number, limits: StoreLimits) {
    this.#now = now;
    this.#timeoutMs = timeoutMs;
    this.#limits = limits;
    this.#diesMs = now() + timeoutMs;
  }

  alive(): boolean {
    return this.#now() < this.#diesMs;
  }

  get(lower: string): string | undefined {
    return this.#kept(lower)?.value;
  }

  #kept(lower: string): Kept | undefined {
    const kept = this.#values.get(lower);
    if (!kept || kept.expiresMs === 0 || this.#now() < kept.expiresMs) return kept;
    this.#values.delete(lower);
    return undefined;
  }

  set(name: string, lower: string, value: string): void {
    this.#diesMs = this.#now() + this.#timeoutMs;
    const cut = value.slice(0, this.#limits.valueBytes);
    const kept = this.#kept(lower);
    if (kept) kept.value = cut;
    else if (this.#values.size < this.#limits.valuesPerRecord)
      this.#values.set(lower.slice(0, KEY_BYTES), {
        name: name.slice(0, KEY_BYTES),
        value: cut,
        expiresMs: 0,
      });
  }

  add(name: string, lower: string, delta: number): void {
    this.set(name, lower, addTo(this.get(lower), delta));
  }

  delete(lower: string): void {
    this.#values.delete(lower);
  }

  expire(lower: string, seconds: number): void {
    const kept = this.#kept(lower);
    if (kept) kept.expiresMs = this.#now() + seconds * 1000;
  }

  entries(): readonly Entry[] {
    return [...this.#values.keys()]
      .map(lower => this.#kept(lower))
      .filter(kept => kept !== undefined)
      .map(({ name, value }) => entry(name, value));
  }
}
