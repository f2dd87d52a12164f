/** The set of instructions that an automaton is in, and how a byte changes it. */
import { OP, type Program } from './program.ts';

/**
 * `any`: is there a match at all? The order does not count.
 * `first`: how far goes the match that PCRE would find? Threads are in order of preference; a match ends those after it.
 * `longest`: how far goes the longest?
 */
export type Want = 'any' | 'first' | 'longest';

/** Plain sparse sets and stacks, made once for a program. */
export class Threads {
  readonly #program: Program;
  readonly #want: Want;
  /** The set: the first `size` of `list`. It has BYTE, MATCH, and ASSERT where the next byte decides. */
  list: Int32Array;
  size = 0;
  /** The class of the byte before, as far as assertions can tell it from others. */
  last = 0;
  /** Whether a match ended before the byte that was read last. */
  matched = false;
  /** Whether there is an assertion in the set. */
  waits = false;
  #spare: Int32Array;
  readonly #seen: Int32Array;
  #mark = 0;
  readonly #stack: Int32Array;
  readonly #kinds: Uint16Array;

  constructor(program: Program, want: Want) {
    this.#program = program;
    this.#want = want;
    const length = program.op.length;
    this.list = new Int32Array(length);
    this.#spare = new Int32Array(length);
    this.#seen = new Int32Array(length);
    this.#stack = new Int32Array(length + 1);
    this.#kinds = kindsOf(program);
  }

  /** As if the byte of class `klass` had just been read, or nothing when it is the edge. */
  begin(klass: number): void {
    this.#clear();
    this.last = this.#kinds[klass]!;
    this.matched = false;
    this.#enter(this.#program.start, klass, -1);
    this.#arrange();
  }

  /** What is kept of a set in a cache; `restore` makes the set of it. */
  key(): string {
    let key = String.fromCharCode(this.waits ? this.last + 1 : 0, this.matched ? 1 : 0);
    for (let at = 0; at < this.size; at += 4096)
      key += String.fromCharCode(...this.list.subarray(at, Math.min(this.size, at + 4096)));
    return key;
  }

  restore(key: string): void {
    const last = key.charCodeAt(0);
    this.waits = last > 0;
    this.last = last - 1;
    this.matched = key.charCodeAt(1) === 1;
    this.size = key.length - 2;
    for (let at = 0; at < this.size; at++) this.list[at] = key.charCodeAt(at + 2);
  }

  /**
   * Reads a byte of class `klass`, or the edge: then the set is empty and only `matched` is of use.
   *
   * @param keyed whether `key` will be asked for
   */
  step(klass: number, keyed: boolean): void {
    if (this.waits) this.#resolve(klass);
    const { op, next, arg, takes, classes } = this.#program;
    const { stride } = classes;
    const seen = this.#seen;
    const from = this.list;
    const count = this.size;
    this.#clear();
    this.list = this.#spare;
    this.#spare = from;
    this.matched = false;
    for (let at = 0; at < count; at++) {
      const pc = from[at]!;
      if (op[pc] === OP.MATCH) {
        this.matched = true;
        if (this.#want === 'first') break;
      } else if (takes[arg[pc]! * stride + klass]) {
        const to = next[pc]!;
        // Most go on with a byte, or come to where another was before.
        if (seen[to] === this.#mark) continue;
        if (op[to] !== OP.BYTE) this.#enter(to, klass, -1);
        else {
          seen[to] = this.#mark;
          this.list[this.size++] = to;
        }
      }
    }
    this.last = this.#kinds[klass]!;
    if (keyed) this.#arrange();
  }

  /** Whether a match ends here, whatever follows. */
  get accepting(): boolean {
    for (let at = 0; at < this.size; at++) if (this.#program.op[this.list[at]!] === OP.MATCH) return true;
    return false;
  }

  #clear(): void {
    this.size = 0;
    this.waits = false;
    this.#mark++;
  }

  /** Assertions that had to see the next byte: those that hold are replaced by what is behind them. */
  #resolve(klass: number): void {
    const { op } = this.#program;
    const from = this.list;
    const count = this.size;
    this.#clear();
    this.list = this.#spare;
    this.#spare = from;
    for (let at = 0; at < count; at++) {
      const pc = from[at]!;
      if (op[pc] === OP.ASSERT) this.#enter(pc, this.last, klass);
      else if (this.#seen[pc] !== this.#mark) {
        this.#seen[pc] = this.#mark;
        this.list[this.size++] = pc;
      }
    }
  }

  /** Adds an instruction and all that is reached from it without a byte. @param coming -1 when it is not known yet */
  #enter(start: number, last: number, coming: number): void {
    const { op, next, arg } = this.#program;
    const stack = this.#stack;
    const seen = this.#seen;
    const mark = this.#mark;
    let depth = 0;
    stack[depth++] = start;
    while (depth > 0) {
      let pc = stack[--depth]!;
      while (seen[pc] !== mark) {
        seen[pc] = mark;
        const code = op[pc];
        if (code === OP.SPLIT) stack[depth++] = arg[pc]!;
        else if (code === OP.ASSERT) {
          const held = this.#holds(arg[pc]!, last, coming);
          if (held === 0) break;
          if (held === 2) {
            this.waits = true;
            this.list[this.size++] = pc;
            break;
          }
        } else {
          this.list[this.size++] = pc;
          break;
        }
        pc = next[pc]!;
      }
    }
  }

  #holds(assertion: number, last: number, coming: number): number {
    const { rows, holds, classes } = this.#program;
    const row = assertion * classes.stride + last;
    return coming === -1 ? rows[row]! : holds[row * classes.stride + coming]!;
  }

  /** Where order does not count, sets that differ in nothing else are one. */
  #arrange(): void {
    if (this.#want === 'first') return;
    if (this.size > INSERTION_MOST) this.list.subarray(0, this.size).sort();
    else insertionSort(this.list, this.size);
  }
}

/** Up to here it is quicker than the call of the engine's own sort. */
const INSERTION_MOST = 48;

function insertionSort(list: Int32Array, size: number): void {
  for (let at = 1; at < size; at++) {
    const each = list[at]!;
    let to = at;
    for (; to > 0 && list[to - 1]! > each; to--) list[to] = list[to - 1]!;
    list[to] = each;
  }
}

/** By class: the first class that no assertion tells from it, as the byte on the left. */
function kindsOf({ holds, asserts, classes: { stride } }: Program): Uint16Array {
  const kinds = new Uint16Array(stride);
  if (!asserts) return kinds;
  const known = new Map<string, number>();
  const assertions = holds.length / (stride * stride);
  for (let klass = 0; klass < stride; klass++) {
    let rows = '';
    for (let id = 0; id < assertions; id++) {
      const row = (id * stride + klass) * stride;
      rows += holds.subarray(row, row + stride).join('');
    }
    const kind = known.get(rows) ?? klass;
    known.set(rows, kind);
    kinds[klass] = kind;
  }
  return kinds;
}
