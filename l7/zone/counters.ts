/** Counters, arrays of them, gauges and histograms in shared memory: each thread writes a row of its own, readers add them up. */
import type { HistogramSum } from '#kit/exposition.ts';
import { invert, match } from './mapping.ts';
import {
  boundsOf,
  cellsOf,
  identity,
  type MetricSpec,
  placesOf,
  requireMetrics,
  rowLengthOf,
} from './metric.ts';

export type { MetricSpec } from './metric.ts';

/** The memory and what stands in it: plain data, posted to the threads as it is. */
export type SharedCounters = {
  readonly sab: SharedArrayBuffer;
  readonly specs: readonly MetricSpec[];
  readonly slots: number;
};

/**
 * One thread's view. Values are Float64, exact for whole numbers up to 2^53. A row has one writer, so adding takes
 * neither a lock nor an atomic operation, and no update is lost. Adding is O(1), reading O(slots).
 */
export class Counters {
  /** Makes the memory, all 0, with a row for each of `slots` threads; a bare name is a counter. */
  static define(metrics: readonly (string | MetricSpec)[], slots: number): SharedCounters {
    const specs = metrics.map(spec =>
      typeof spec === 'string' ? { name: spec, kind: 'counter' as const } : spec,
    );
    requireMetrics(specs);
    return { sab: new SharedArrayBuffer(8 * slots * rowLengthOf(specs)), specs, slots };
  }

  readonly specs: readonly MetricSpec[];
  readonly #cells: Float64Array;
  readonly #places: readonly number[];
  readonly #bounds: readonly (readonly number[])[];
  readonly #rowLength: number;
  readonly #row: number;
  readonly #indexes: ReadonlyMap<string, number>;
  #heir: Counters | undefined;
  #heirIndexes: readonly number[] = [];
  #elder: Counters | undefined;
  #elderIndexes: readonly number[] = [];

  /** `slot` is this thread's own, 0 <= slot < slots. */
  constructor(shared: SharedCounters, slot: number) {
    if (slot >= shared.slots) throw new RangeError(`Slot ${slot} in counters of ${shared.slots} slots`);
    this.specs = shared.specs;
    this.#cells = new Float64Array(shared.sab);
    this.#places = placesOf(shared.specs);
    this.#bounds = shared.specs.map(boundsOf);
    this.#rowLength = rowLengthOf(shared.specs);
    this.#row = slot * this.#rowLength;
    this.#indexes = new Map(shared.specs.map((spec, index) => [spec.name, index]));
  }

  /** The index of a metric, which all other calls take. @throws {RangeError} when none has this name */
  index(name: string): number {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new RangeError(`No metric is called ${name}`);
    return index;
  }

  /** Adds `n` to a counter (n >= 0) or a gauge. */
  add(index: number, n: number): void {
    if (this.#heir !== undefined && this.#heirIndexes[index]! >= 0) {
      this.#heir.add(this.#heirIndexes[index]!, n);
      return;
    }
    this.#addAt(this.#row + this.#places[index]!, n);
  }

  /** Adds `n` to number `at` of an array, 0 <= at < its length. */
  addTo(index: number, at: number, n: number): void {
    if (this.#heir !== undefined && this.#heirIndexes[index]! >= 0) {
      this.#heir.addTo(this.#heirIndexes[index]!, at, n);
      return;
    }
    this.#addAt(this.#row + this.#places[index]! + at, n);
  }

  /** Counts `value` in a histogram. */
  observe(index: number, value: number): void {
    if (this.#heir !== undefined && this.#heirIndexes[index]! >= 0) {
      this.#heir.observe(this.#heirIndexes[index]!, value);
      return;
    }
    const first = this.#row + this.#places[index]!;
    const bounds = this.#bounds[index]!;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    this.#addAt(first + bucket, 1);
    this.#addAt(first + bounds.length + 1, value);
  }

  /** A counter or gauge of this thread alone, and of those that had its slot before. */
  own(index: number): number {
    if (this.#heir !== undefined && this.#heirIndexes[index]! >= 0)
      return this.#heir.own(this.#heirIndexes[index]!);
    return this.#cells[this.#row + this.#places[index]!]!;
  }

  /** A counter or gauge, of all threads together. */
  sum(index: number): number {
    return this.#sumCell(index, 0);
  }

  /** The counters of an array, of all threads together. */
  array(index: number): number[] {
    return Array.from({ length: cellsOf(this.specs[index]!) }, (_, at) => this.#sumCell(index, at));
  }

  /** A histogram, of all threads together. */
  histogram(index: number): HistogramSum {
    const buckets = Array.from({ length: this.#bounds[index]!.length + 1 }, (_, i) =>
      this.#sumCell(index, i),
    );
    const count = buckets.reduce((sum, bucket) => sum + bucket, 0);
    return { buckets, count, sum: this.#sumCell(index, buckets.length) };
  }

  /**
   * Goes on from `old`, the counters before a reload: this thread's row moves here, metric by metric where name, kind
   * and bounds are the same, and what this thread still adds to `old` comes here too. Until `settle()`, sums
   * include what other threads have not moved yet. Each thread does this once, with the same two memories.
   */
  inherit(old: Counters): void {
    this.#elder = old;
    this.#elderIndexes = match(this.specs.map(identity), old.specs.map(identity));
    old.#heir = this;
    old.#heirIndexes = invert(this.#elderIndexes, old.specs.length);
    this.#moveRow(old, old.#row / old.#rowLength);
  }

  /** All threads have inherited: the old memory is let go. */
  settle(): void {
    this.#elder = undefined;
  }

  /** What the dead thread of `slot` counted stays counted; what its gauges showed is gone. */
  giveBack(slot: number): void {
    if (this.#elder !== undefined) {
      this.#elder.giveBack(slot);
      this.#moveRow(this.#elder, slot);
    }
    this.specs.forEach((spec, index) => {
      if (spec.kind === 'gauge') this.#cells[slot * this.#rowLength + this.#places[index]!] = 0;
    });
  }

  #addAt(at: number, n: number): void {
    this.#cells[at] = this.#cells[at]! + n;
  }

  #sumCell(index: number, cell: number): number {
    const elderIndex = this.#elder === undefined ? -1 : this.#elderIndexes[index]!;
    let sum = elderIndex < 0 ? 0 : this.#elder!.#sumCell(elderIndex, cell);
    for (let at = this.#places[index]! + cell; at < this.#cells.length; at += this.#rowLength)
      sum += this.#cells[at]!;
    return sum;
  }

  /** Moves what the row of `slot` holds in the elder counters; its thread is this one, or dead. */
  #moveRow(elder: Counters, slot: number): void {
    this.#elderIndexes.forEach((oldIndex, index) => {
      if (oldIndex < 0) return;
      const from = slot * elder.#rowLength + elder.#places[oldIndex]!;
      const to = slot * this.#rowLength + this.#places[index]!;
      for (let cell = 0; cell < cellsOf(this.specs[index]!); cell++) {
        this.#addAt(to + cell, elder.#cells[from + cell]!);
        elder.#cells[from + cell] = 0;
      }
    });
  }
}
