/** A pattern as instructions of a nondeterministic automaton, over classes of bytes. */
import { ALL, type ByteSet } from '#kit/pcre/byte-set.ts';
import { PatternFault } from '#kit/pcre/syntax.ts';
import { type Assertion, holds } from './assertion.ts';
import { ByteClasses } from './byte-classes.ts';
import { leastLength } from './core.ts';
import type { Node } from './tree.ts';

export const OP = {
  /** The pattern, or the inside of a look or an atomic group, is through. */
  MATCH: 0,
  /** Takes a byte of set `arg`. */
  BYTE: 1,
  /** Goes on at `next`, or else at `arg`. */
  SPLIT: 2,
  /** Goes on where assertion `arg` holds. */
  ASSERT: 3,
  /** Notes the place in slot `arg`. */
  SAVE: 4,
  /** Look `arg`. */
  LOOK: 5,
  /** The atomic group whose inside starts at `arg`. */
  ATOMIC: 6,
  /** What group `arg` matched; `REFERENCE_CASELESS` in either case. */
  REFERENCE: 7,
  REFERENCE_CASELESS: 8,
  /** Group `arg` is closed: from the place that its opening noted to here. */
  CLOSE: 10,
  /** Goes on where a byte was taken since slot `arg`, which the instruction before noted; or else behind the loop. */
  PROGRESS: 9,
} as const;

export interface LookAround {
  readonly ahead: boolean;
  readonly negative: boolean;
  readonly start: number;
  readonly lengths: readonly number[];
}

export interface Program {
  readonly op: Uint8Array;
  readonly next: Int32Array;
  readonly arg: Int32Array;
  readonly start: number;
  readonly classes: ByteClasses;
  /** By `set * classes.stride + class`: whether the set has it. */
  readonly takes: Uint8Array;
  /** Assertion `a` between classes: at `(a * stride + left) * stride + right`. */
  readonly holds: Uint8Array;
  /** At `a * stride + left`: 0 when it holds before no byte, 1 before any, 2 when it depends on the next. */
  readonly rows: Uint8Array;
  readonly asserts: boolean;
  readonly looks: readonly LookAround[];
  /** Slots for places: first and end of each group from 0 on, where each was opened, where turns began. */
  readonly slots: number;
  /** Where a PROGRESS goes on when there was none. */
  readonly leave: ReadonlyMap<number, number>;
  /** By SPLIT: the slots that note where the turns began that it is in, of loops with PROGRESS. */
  readonly around: ReadonlyMap<number, readonly number[]>;
  /** Whether a repetition has a turn that may take nothing, which is where automata and PCRE part in what they prefer. */
  readonly emptyTurns: boolean;
}

export interface Shape {
  /** An automaton that may begin at each byte: `.*?` stands before the pattern. */
  readonly search?: boolean;
  /** Reads backward. */
  readonly reverse?: boolean;
  /** For the backtracker: has SAVE instructions for so many groups, and ends repetitions after a turn that took nothing. */
  readonly groups?: number;
}

/** So many loops in loops are told apart, each with turns that may take nothing; more may only cost a group its PCRE value. */
const TURNS_MOST = 6;
/** Instructions of one pattern. Sets of them are keys of 16-bit units, so it stays below 2^16. */
const MOST = 50_000;

/** @throws {PatternFault} when the pattern is too large */
export function compileProgram(node: Node, shape: Shape): Program {
  return new Builder(shape).program(node);
}

class Builder {
  readonly #shape: Shape;
  readonly #op: number[] = [];
  readonly #next: number[] = [];
  readonly #arg: number[] = [];
  readonly #sets = new Map<ByteSet, number>();
  readonly #assertions = new Map<Assertion, number>();
  readonly #looks: LookAround[] = [];
  #slots: number;
  #emptyTurns = false;
  readonly #leave = new Map<number, number>();
  /** Where turns began, of the loops around: slots. */
  #turns: readonly number[] = [];
  readonly #around = new Map<number, readonly number[]>();

  constructor(shape: Shape) {
    this.#shape = shape;
    this.#slots = 3 * ((shape.groups ?? 0) + 1);
  }

  program(node: Node): Program {
    let start = this.#build(node, this.#emit(OP.MATCH, 0, 0));
    if (this.#shape.search) start = this.#searching(start);
    const classes = new ByteClasses([...this.#sets.keys()], [...this.#assertions.keys()]);
    return {
      op: Uint8Array.from(this.#op),
      next: Int32Array.from(this.#next),
      arg: Int32Array.from(this.#arg),
      start,
      classes,
      takes: takesOf([...this.#sets.keys()], classes),
      ...assertionTables([...this.#assertions.keys()], classes, this.#shape.reverse ?? false),
      asserts: this.#assertions.size > 0,
      looks: this.#looks,
      slots: this.#slots,
      leave: this.#leave,
      around: this.#around,
      emptyTurns: this.#emptyTurns,
    };
  }

  #searching(start: number): number {
    const loop = this.#emit(OP.SPLIT, start, 0);
    this.#arg[loop] = this.#emit(OP.BYTE, loop, this.#set(ALL));
    return loop;
  }

  #emit(op: number, next: number, arg: number): number {
    if (this.#op.length >= MOST)
      throw new PatternFault(
        `it is too large: more than ${MOST} steps once its repetitions are written out; lower their counts`,
      );
    if (op === OP.SPLIT && this.#turns.length > 0) this.#around.set(this.#op.length, this.#turns);
    this.#next.push(next);
    this.#arg.push(arg);
    return this.#op.push(op) - 1;
  }

  #set(set: ByteSet): number {
    return idOf(this.#sets, set);
  }

  /** @param next where to go on after `node`. @returns where `node` begins */
  #build(node: Node, next: number): number {
    switch (node.kind) {
      case 'set':
        return this.#emit(OP.BYTE, next, this.#set(node.set));
      case 'assert':
        return this.#emit(OP.ASSERT, next, idOf(this.#assertions, node.assertion));
      case 'sequence':
        return this.#sequence(node.nodes, next);
      case 'choice':
        return this.#choice(node.nodes, next);
      case 'capture':
        return this.#capture(node.group, node.node, next);
      case 'repeat':
        return this.#repeat(node.node, node.least, node.most, node.lazy, next);
      case 'look':
        return this.#emit(OP.LOOK, next, this.#looks.push({ ...node, start: this.#inside(node.node) }) - 1);
      case 'atomic':
        return this.#emit(OP.ATOMIC, next, this.#inside(node.node));
      case 'reference':
        return this.#emit(node.ignoreCase ? OP.REFERENCE_CASELESS : OP.REFERENCE, next, node.group);
    }
  }

  #inside(node: Node): number {
    return this.#build(node, this.#emit(OP.MATCH, 0, 0));
  }

  #sequence(nodes: readonly Node[], next: number): number {
    const order = this.#shape.reverse ? nodes : nodes.toReversed();
    return order.reduce((then, node) => this.#build(node, then), next);
  }

  #choice(nodes: readonly Node[], next: number): number {
    const starts = nodes.map(node => this.#build(node, next));
    return starts.reduceRight((others, start) => this.#emit(OP.SPLIT, start, others));
  }

  #capture(group: number, node: Node, next: number): number {
    if (this.#shape.groups === undefined) return this.#build(node, next);
    const end = this.#emit(OP.CLOSE, next, group);
    return this.#emit(OP.SAVE, this.#build(node, end), openedSlot(this.#shape.groups, group));
  }

  #repeat(node: Node, least: number, most: number, lazy: boolean, next: number): number {
    let start = next;
    let copies = least;
    if (most === Number.POSITIVE_INFINITY) {
      const loop = this.#split(next, next, lazy);
      const body = this.#turn(node, loop, next);
      this.#patch(loop, body, lazy);
      if (least > 0) copies--;
      start = least > 0 ? body : loop;
    } else {
      for (let turn = least; turn < most; turn++) start = this.#split(this.#build(node, start), next, lazy);
    }
    for (; copies > 0; copies--) {
      const before = start;
      start = this.#build(node, before);
      if (start === before) break; // it takes nothing, however often
    }
    return start;
  }

  /** A turn of an endless loop; one that took nothing is the last. */
  #turn(node: Node, loop: number, next: number): number {
    if (leastLength(node) > 0) return this.#build(node, loop);
    this.#emptyTurns = true;
    if (this.#shape.groups === undefined) return this.#build(node, loop);
    const slot = this.#slots++;
    const progress = this.#emit(OP.PROGRESS, loop, slot);
    this.#leave.set(progress, next);
    const outside = this.#turns;
    this.#turns = [...outside, slot].slice(-TURNS_MOST);
    const body = this.#build(node, progress);
    this.#turns = outside;
    return this.#emit(OP.SAVE, body, slot);
  }

  #split(body: number, next: number, lazy: boolean): number {
    return this.#emit(OP.SPLIT, lazy ? next : body, lazy ? body : next);
  }

  #patch(loop: number, body: number, lazy: boolean): void {
    (lazy ? this.#arg : this.#next)[loop] = body;
  }
}

/** Where a group notes its first place until it is closed; only then is it what references and the outcome see. */
export const openedSlot = (groups: number, group: number): number => 2 * (groups + 1) + group;

function idOf<T>(ids: Map<T, number>, thing: T): number {
  const id = ids.get(thing) ?? ids.size;
  if (id === ids.size) ids.set(thing, id);
  return id;
}

function takesOf(sets: readonly ByteSet[], { stride, samples }: ByteClasses): Uint8Array {
  const takes = new Uint8Array(sets.length * stride);
  sets.forEach((set, at) => {
    samples.forEach((byte, klass) => {
      if (byte >= 0) takes[at * stride + klass] = set[byte]!;
    });
  });
  return takes;
}

/** @param reverse whether the byte that an automaton has read last is the one on the right */
function assertionTables(
  assertions: readonly Assertion[],
  { stride, samples }: ByteClasses,
  reverse: boolean,
) {
  const table = new Uint8Array(assertions.length * stride * stride);
  const rows = new Uint8Array(assertions.length * stride);
  assertions.forEach((assertion, id) => {
    for (let last = 0; last < stride; last++) {
      const row = id * stride + last;
      let count = 0;
      for (let coming = 0; coming < stride; coming++) {
        const [left, right] = reverse ? [coming, last] : [last, coming];
        const held = holds(assertion, samples[left]!, samples[right]!) ? 1 : 0;
        table[row * stride + coming] = held;
        count += held;
      }
      rows[row] = count === 0 ? 0 : count === stride ? 1 : 2;
    }
  });
  return { holds: table, rows };
}
