/** A deterministic automaton whose states are made when a value first leads there. */
import { loadPiece, SCRATCH_BYTES, scratch } from '../scratch.ts';
import type { Program } from './program.ts';
import type { Account, TableMemory, Tables } from './table-memory.ts';
import { Threads, type Want } from './threads.ts';

/** In the table, in the place of the next state: not made yet, a match, nothing can match any more. Rows are even numbers. */
const UNKNOWN = 0;
const ACCEPT = -1;
const DEAD = -2;
/** Of the next state: a match ended before the byte that leads there. */
const MATCHED = 1;

/** What one state costs besides its row and twice its key: the entry of the map, the string's head. */
const STATE_BYTES = 96;
/** A flush after fewer bytes per state than this: making states costs more than they save. */
const WORTHWHILE_BYTES = 10;

export interface DfaStatistics {
  states: number;
  bytes: number;
  flushes: number;
  /** Values, or ends of values, that were run without the table, for it was made anew too often. */
  plainRuns: number;
}

/**
 * A state is the set that `Threads` is in. Time is linear in the value: a byte costs one look into the table, or one
 * step of the automaton, O(instructions), where the table has no answer. The table is flushed when it is full; when
 * that happens too often, the rest of the value is run by steps alone.
 */
export class LazyDfa implements Tables {
  readonly #program: Program;
  readonly #want: Want;
  readonly #memory: TableMemory;
  readonly #limitBytes: number;
  readonly #account: Account;
  readonly #threads: Threads;
  readonly #stride: number;
  readonly #classOf: Uint8Array;
  /** Next states, each as the offset of its row, and `MATCHED`; row 0 is none. */
  #table = new Int32Array(0);
  #keys: string[] = [];
  #states = new Map<string, number>();
  /** By class of the byte before: the row to begin with; 0 when not made yet. */
  readonly #starts: Int32Array;
  readonly statistics: DfaStatistics = { states: 0, bytes: 0, flushes: 0, plainRuns: 0 };

  /** @param limitBytes for this automaton alone */
  constructor(program: Program, want: Want, memory: TableMemory, limitBytes: number) {
    this.#program = program;
    this.#want = want;
    this.#memory = memory;
    this.#limitBytes = limitBytes;
    this.#threads = new Threads(program, want);
    this.#stride = program.classes.stride + (program.classes.stride & 1);
    this.#classOf = program.classes.of;
    this.#starts = new Int32Array(this.#stride);
    this.#account = memory.open(this);
  }

  /** Whether the automaton accepts some beginning of the value. For `any`. */
  accepts(value: string): boolean {
    const { edge } = this.#program.classes;
    let row = this.#start(edge);
    this.#flushedAt = -1;
    for (let from = 0; from < value.length; from += SCRATCH_BYTES) {
      row = this.#readPiece(row, value, from, loadPiece(value, from));
      if (row < 0) return row === ACCEPT;
    }
    return (this.#table[row + edge]! || this.#make(row, edge)) === ACCEPT;
  }

  /** Where the value that is read had the table flushed last; -1 for nowhere. */
  #flushedAt = -1;

  /** @param count of bytes, which are in the scratch @returns the row after them, or what they decide */
  #readPiece(start: number, value: string, from: number, count: number): number {
    const classOf = this.#classOf;
    let table = this.#table;
    let row = start;
    let { flushes } = this.statistics;
    for (let at = 0; at < count; at++) {
      let to = table[row + classOf[scratch[at]!]!]!;
      // Most bytes of most values lead back to the same state. A loop that does not change it need not wait for the table.
      while (to === row && ++at < count) to = table[row + classOf[scratch[at]!]!]!;
      if (at === count) break;
      if (to <= 0) {
        if (to === UNKNOWN) to = this.#make(row, classOf[scratch[at]!]!);
        if (to < 0) return to;
        table = this.#table;
        if (flushes !== this.statistics.flushes) {
          const place = from + at;
          if (this.#isWaste(place, this.#flushedAt))
            return this.#acceptsPlainly(value, place + 1) ? ACCEPT : DEAD;
          flushes = this.statistics.flushes;
          this.#flushedAt = place;
        }
      }
      row = to;
    }
    return row;
  }

  /**
   * Reads from `from` upward to the end, or downward to the start when `step` is -1, and tells the last place where the
   * automaton accepted. For `first` and `longest`.
   *
   * @returns a place between bytes, from 0 to the length; -1 when it accepted nowhere
   */
  last(value: string, from: number, step: 1 | -1): number {
    const { edge } = this.#program.classes;
    const classOf = this.#classOf;
    const end = step === 1 ? value.length : 0;
    const back = step === 1 ? 0 : 1;
    const before = step === 1 ? from - 1 : from;
    let row = this.#start(
      before < 0 || before >= value.length ? edge : classOf[value.charCodeAt(before) & 255]!,
    );
    let found = -1;
    let flushedAt = -1;
    let { flushes } = this.statistics;
    for (let at = from; ; at += step) {
      const klass = at === end ? edge : classOf[value.charCodeAt(at - back) & 255]!;
      const to = this.#table[row + klass]! || this.#make(row, klass);
      if (to === DEAD) return found;
      if (to & MATCHED) found = at;
      if (at === end) return found;
      row = to & ~MATCHED;
      if (flushes === this.statistics.flushes) continue;
      if (this.#isWaste(at, flushedAt)) return this.#lastPlainly(value, at + step, step, found);
      flushes = this.statistics.flushes;
      flushedAt = at;
    }
  }

  /**
   * Reads downward from the end and marks each place where the automaton accepted: for one that searches backward, each
   * place where a match begins. For `longest`.
   *
   * @param marks at least one longer than the value; written from 0 to the length
   * @returns whether there is any
   */
  marks(value: string, marks: Uint8Array): boolean {
    const { edge } = this.#program.classes;
    let row = this.#start(edge);
    let any = 0;
    for (let at = value.length; ; at--) {
      const klass = at === 0 ? edge : this.#classOf[value.charCodeAt(at - 1) & 255]!;
      const to = this.#table[row + klass]! || this.#make(row, klass);
      // Nothing is alive, and nothing begins anew: only an anchored automaton comes to that.
      if (to === DEAD) {
        marks.fill(0, 0, at + 1);
        return any !== 0;
      }
      any |= marks[at] = to & MATCHED;
      if (at === 0) return any !== 0;
      row = to & ~MATCHED;
    }
  }

  flush(): void {
    this.#memory.book(this.#account, -this.#account.bytes);
    this.#statesFlushed = this.#keys.length;
    this.#table = new Int32Array(0);
    this.#keys = [];
    this.#states = new Map();
    this.#starts.fill(0);
    this.statistics.flushes++;
    this.statistics.states = this.statistics.bytes = 0;
  }

  /** How many states the table had when it was flushed last. */
  #statesFlushed = 0;

  /** @param flushedAt where the same value had the table flushed before, -1 for nowhere */
  #isWaste(at: number, flushedAt: number): boolean {
    return flushedAt >= 0 && Math.abs(at - flushedAt) < WORTHWHILE_BYTES * this.#statesFlushed;
  }

  #start(klass: number): number {
    const known = this.#starts[klass]!;
    if (known) return known;
    this.#threads.begin(klass);
    const row = this.#stateOf() & ~MATCHED;
    this.#starts[klass] = row;
    return row;
  }

  /** The state that `row` leads to by `klass`, made and written into the table. */
  #make(row: number, klass: number): number {
    const threads = this.#threads;
    threads.restore(this.#keys[row / this.#stride]!);
    threads.step(klass, true);
    if (this.#want === 'any') {
      if (threads.matched || threads.accepting) return this.#write(row, klass, ACCEPT);
      if (threads.size === 0) return this.#write(row, klass, DEAD);
    } else if (threads.size === 0 && !threads.matched) return this.#write(row, klass, DEAD);
    const { flushes } = this.statistics;
    const to = this.#stateOf();
    return flushes === this.statistics.flushes ? this.#write(row, klass, to) : to;
  }

  #write(row: number, klass: number, to: number): number {
    this.#table[row + klass] = to;
    return to;
  }

  /** The row of the set that the threads are in, and `MATCHED`. May flush the table first. */
  #stateOf(): number {
    const key = this.#threads.key();
    const known = this.#states.get(key);
    if (known) return known;
    const bytes = STATE_BYTES + 2 * key.length + this.#stride * 4;
    if (this.statistics.bytes + bytes > this.#limitBytes && this.#keys.length > 1) this.flush();
    if (this.#keys.length === 0) this.#keys.push('');
    const index = this.#keys.push(key) - 1;
    this.#grow(index);
    const state = index * this.#stride + (this.#threads.matched ? MATCHED : 0);
    this.#states.set(key, state);
    this.statistics.states = index;
    this.statistics.bytes += bytes;
    this.#memory.book(this.#account, bytes);
    return state;
  }

  #grow(index: number): void {
    if ((index + 1) * this.#stride <= this.#table.length) return;
    const rows = Math.max(4, Math.min(index * 2, index + 256));
    const table = new Int32Array(rows * this.#stride);
    table.set(this.#table);
    this.#table = table;
  }

  /** From here on without the table: the threads stand before byte `from`. */
  #acceptsPlainly(value: string, from: number): boolean {
    this.statistics.plainRuns++;
    const threads = this.#threads;
    for (let at = from; at < value.length; at++) {
      threads.step(this.#classOf[value.charCodeAt(at) & 255]!, false);
      if (threads.matched || threads.accepting) return true;
      if (threads.size === 0) return false;
    }
    threads.step(this.#program.classes.edge, false);
    return threads.matched;
  }

  #lastPlainly(value: string, from: number, step: 1 | -1, before: number): number {
    this.statistics.plainRuns++;
    const threads = this.#threads;
    const end = step === 1 ? value.length : 0;
    let found = before;
    for (let at = from; ; at += step) {
      const byte = value.charCodeAt(step === 1 ? at : at - 1) & 255;
      threads.step(at === end ? this.#program.classes.edge : this.#classOf[byte]!, false);
      if (threads.matched) found = at;
      if (at === end || threads.size === 0) return found;
    }
  }
}
