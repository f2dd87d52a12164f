/**
 * Finds what PCRE would find, groups included, in bounded work. A place of the pattern that failed at a place of the
 * value is not tried there again, so the work is O(instructions · bytes); where references make that memory useless, or
 * an atomic group is entered over and over, a count of steps is the bound.
 */
import { OP, openedSlot, type Program } from './program.ts';
import { BOTH, SECOND, waysOf } from './ways.ts';

export type Outcome = 'match' | 'none' | 'exhausted';

export interface Limits {
  readonly steps: number;
  /** Of the memory of failures. */
  readonly bits: number;
}

/** The stack holds pairs: an instruction and a place to go on with, or ~slot and what the slot held before. */
const FIRST_STACK = 256;
/** What a value may make of it, 64 MiB, and what is kept for the next value. */
const STACK_MOST = 1 << 24;
const KEPT_STACK = 1 << 14;

/** Memory of failures is kept from value to value up to this. */
const KEPT_WORDS = 1 << 18;
let failures = new Int32Array(0); // shared by all patterns of a thread: one value is matched at a time

const NONE: readonly number[] = [];

class Exhausted extends Error {}

export class Backtracker {
  readonly #program: Program;
  readonly #groups: number;
  readonly #remembers: boolean;
  /** By instruction: the first row of a SPLIT in the memory of failures; it has one for each state of the turns around. */
  readonly #splits: Int32Array;
  readonly #splitCount: number;
  /** Which ways of a SPLIT the next byte leaves; undefined where the table would be too large. */
  readonly #ways: Uint8Array | undefined;
  /** Groups: first and end of each, -1 where it did not match. */
  readonly slots: Int32Array;
  #stack = new Int32Array(FIRST_STACK);
  #top = 0;
  #value = '';
  #from = 0;
  #width = 0;
  #steps = 0;
  #failures = failures;
  /** Failures that a look or an atomic group has noted; they are none if it succeeds. */
  #noted: number[] = [];
  /** Looks and atomic groups around. */
  #depth = 0;
  #behind = 0;
  /** By depth: the slots before. */
  readonly #before: Int32Array[] = [];

  /** @param remembers whether failures may be remembered: not where references are */
  constructor(program: Program, groups: number, remembers: boolean) {
    this.#program = program;
    this.#groups = groups;
    this.#remembers = remembers;
    this.#ways = waysOf(program);
    this.#splits = new Int32Array(program.op.length);
    this.#splitCount = program.op.reduce((count, op, pc) => {
      if (op !== OP.SPLIT) return count;
      this.#splits[pc] = count;
      return count + (1 << this.#turnsAround(pc).length);
    }, 0);
    this.slots = new Int32Array(program.slots);
  }

  /**
   * Looks for a match that begins at one of the places from `first` to `last`.
   *
   * @param end no match goes further
   * @param begins by place: whether a match may begin there
   */
  find(
    value: string,
    first: number,
    last: number,
    end: number,
    limits: Limits,
    begins: Uint8Array | undefined,
  ): Outcome {
    if (!this.#prepare(value, first, end, limits)) return 'exhausted';
    try {
      for (let at = first; at <= last; at++) {
        if (begins && begins[at] === 0) continue;
        this.slots.fill(-1);
        const to = this.#run(this.#program.start, at, -1);
        if (to < 0) continue;
        this.slots[0] = at;
        this.slots[1] = to;
        return 'match';
      }
      return 'none';
    } catch (error) {
      if (!(error instanceof Exhausted)) throw error;
      return 'exhausted';
    } finally {
      this.#value = '';
      this.#failures = failures;
      this.#noted = [];
      if (this.#stack.length > KEPT_STACK) this.#stack = new Int32Array(FIRST_STACK);
    }
  }

  #prepare(value: string, first: number, end: number, limits: Limits): boolean {
    this.#value = value;
    this.#from = first;
    this.#width = end - first + 1;
    this.#steps = limits.steps;
    this.#top = this.#depth = this.#behind = 0;
    this.#noted = [];
    if (!this.#remembers) return true;
    const bits = this.#splitCount * this.#width;
    if (bits > limits.bits) return false;
    this.#failures = wordsFor(bits);
    return true;
  }

  /** @param mustEnd where the match has to end, -1 for anywhere. @returns where it ends, or -1 */
  #run(start: number, from: number, mustEnd: number): number {
    const base = this.#top;
    this.#push(start, from);
    while (this.#top > base) {
      this.#top -= 2;
      const pc = this.#stack[this.#top]!;
      const at = this.#stack[this.#top + 1]!;
      if (pc < 0) {
        this.slots[~pc] = at;
        continue;
      }
      const end = this.#follow(pc, at, mustEnd);
      if (end < 0) continue;
      this.#top = base;
      return end;
    }
    return -1;
  }

  /** Goes on until it fails, leaving what else can be tried on the stack. */
  #follow(start: number, from: number, mustEnd: number): number {
    const { op, next, arg, takes, classes } = this.#program;
    const { stride, of } = classes;
    const value = this.#value;
    let pc = start;
    let at = from;
    for (;;) {
      if (--this.#steps < 0) throw new Exhausted();
      const operand = arg[pc]!;
      switch (op[pc]) {
        case OP.MATCH:
          return mustEnd < 0 || at === mustEnd ? at : -1;
        case OP.BYTE:
          if (at >= value.length || !takes[operand * stride + of[value.charCodeAt(at) & 255]!]) return -1;
          at++;
          break;
        case OP.SPLIT: {
          const klass = at < value.length ? of[value.charCodeAt(at) & 255]! : classes.edge;
          const ways = this.#ways ? this.#ways[pc * stride + klass]! : BOTH;
          if (ways === 0) return -1;
          if (ways === SECOND) {
            pc = operand;
            continue;
          }
          if (ways === BOTH) {
            if (this.#failed(pc, at)) return -1;
            this.#push(operand, at);
          }
          break;
        }
        case OP.ASSERT:
          if (!this.#holds(operand, at)) return -1;
          break;
        case OP.SAVE:
          this.#save(operand, at);
          break;
        case OP.CLOSE:
          this.#save(2 * operand + 1, at);
          this.#save(2 * operand, this.slots[openedSlot(this.#groups, operand)]!);
          break;
        case OP.PROGRESS:
          pc = this.slots[operand] === at ? this.#program.leave.get(pc)! : next[pc]!;
          continue;
        case OP.LOOK:
          if (!this.#look(operand, at)) return -1;
          break;
        case OP.ATOMIC:
          at = this.#inside(operand, at, -1, true);
          if (at < 0) return -1;
          break;
        default:
          at = this.#again(operand, at, op[pc] === OP.REFERENCE_CASELESS);
          if (at < 0) return -1;
      }
      pc = next[pc]!;
    }
  }

  #push(pc: number, at: number): void {
    if (this.#top + 2 > this.#stack.length) {
      if (this.#stack.length >= STACK_MOST) throw new Exhausted();
      const wider = new Int32Array(2 * this.#stack.length);
      wider.set(this.#stack);
      this.#stack = wider;
    }
    this.#stack[this.#top++] = pc;
    this.#stack[this.#top++] = at;
  }

  #save(slot: number, at: number): void {
    this.#push(~slot, this.slots[slot]!);
    this.slots[slot] = at;
  }

  /** Whether this SPLIT was here before; now it was. */
  #failed(pc: number, at: number): boolean {
    if (!this.#remembers || this.#behind > 0 || at - this.#from >= this.#width) return false;
    const bit = this.#row(pc, at) * this.#width + at - this.#from;
    const word = bit >>> 5;
    const mask = 1 << (bit & 31);
    if (this.#failures[word]! & mask) return true;
    this.#failures[word]! |= mask;
    if (this.#depth > 0) this.#noted.push(bit);
    return false;
  }

  /** What comes after a SPLIT depends on the loops around it whose turn has taken nothing yet. */
  #row(pc: number, at: number): number {
    if (!this.#program.emptyTurns) return this.#splits[pc]!;
    let row = 0;
    for (const slot of this.#turnsAround(pc)) row = 2 * row + (this.slots[slot] === at ? 1 : 0);
    return this.#splits[pc]! + row;
  }

  #turnsAround(pc: number): readonly number[] {
    return this.#program.around.get(pc) ?? NONE;
  }

  #holds(assertion: number, at: number): boolean {
    const { classes, holds } = this.#program;
    const left = at === 0 ? classes.edge : classes.of[this.#value.charCodeAt(at - 1) & 255]!;
    const right = at === this.#value.length ? classes.edge : classes.of[this.#value.charCodeAt(at) & 255]!;
    return holds[(assertion * classes.stride + left) * classes.stride + right] === 1;
  }

  #look(id: number, at: number): boolean {
    const { ahead, negative, start, lengths } = this.#program.looks[id]!;
    if (ahead) return this.#inside(start, at, -1, !negative) >= 0 !== negative;
    this.#behind++;
    const found = lengths.some(
      length => length <= at && this.#inside(start, at - length, at, !negative) >= 0,
    );
    this.#behind--;
    return found !== negative;
  }

  /** Runs the inside of a look or an atomic group. @param keep whether its groups stay. @returns its end, or -1 */
  #inside(start: number, at: number, mustEnd: number, keep: boolean): number {
    const before = (this.#before[this.#depth] ??= new Int32Array(this.slots.length));
    before.set(this.slots);
    const noted = this.#noted.length;
    this.#depth++;
    const end = this.#run(start, at, mustEnd);
    this.#depth--;
    if (end >= 0) this.#forget(noted);
    this.#noted.length = noted;
    if (end >= 0 && keep) this.#undoable(before);
    else this.slots.set(before);
    return end;
  }

  #forget(from: number): void {
    for (let at = from; at < this.#noted.length; at++) {
      const bit = this.#noted[at]!;
      this.#failures[bit >>> 5]! &= ~(1 << (bit & 31));
    }
  }

  /** Groups that were set inside are put back when what follows fails. */
  #undoable(before: Int32Array): void {
    for (let slot = 0; slot < before.length; slot++)
      if (before[slot] !== this.slots[slot]) this.#push(~slot, before[slot]!);
  }

  /** @returns where the same bytes that the group matched end, or -1 */
  #again(group: number, at: number, caseless: boolean): number {
    const from = this.slots[2 * group]!;
    const to = this.slots[2 * group + 1]!;
    if (from < 0) return -1;
    const end = at + to - from;
    if (end > this.#value.length) return -1;
    this.#steps -= to - from;
    for (let offset = 0; offset < to - from; offset++) {
      const once = this.#value.charCodeAt(from + offset);
      const now = this.#value.charCodeAt(at + offset);
      if (once !== now && !(caseless && lower(once) === lower(now))) return -1;
    }
    return end;
  }
}

/** Cleared memory for so many bits. */
function wordsFor(bits: number): Int32Array<ArrayBuffer> {
  const words = (bits + 31) >>> 5;
  if (words > KEPT_WORDS) return new Int32Array(words);
  if (failures.length < words) failures = new Int32Array(Math.min(KEPT_WORDS, 2 * words));
  else failures.fill(0, 0, words);
  return failures;
}

/** Letters of ASCII alone have case, as in PCRE without UTF mode. */
const lower = (byte: number): number => (byte >= 65 && byte <= 90 ? byte + 32 : byte);
