/** A compiled pattern of a rule: matches as PCRE2 does in ModSecurity, in time linear in the value. */
import { PatternFault } from '#kit/pcre/syntax.ts';
import { Backtracker, type Outcome } from './backtracker.ts';
import { approximate, coreOf, isAnchored, leastLength } from './core.ts';
import { type DfaStatistics, LazyDfa } from './lazy-dfa.ts';
import { literalsOf } from './literals.ts';
import { neededSigns } from './needed-signs.ts';
import { compileProgram } from './program.ts';
import { TableMemory } from './table-memory.ts';
import { type Flags, type Node, readTree, type Tree } from './tree.ts';

/** A pattern that cannot be used. The message names the offset and what to do. */
export class PatternError extends Error {
  /** In bytes from the start of the source. */
  readonly offset: number;
  /** What is wrong, without the offset. */
  readonly reason: string;

  constructor(reason: string, offset: number, source: string) {
    super(`${reason}, at offset ${offset}, after "${source.slice(Math.max(0, offset - 20), offset)}"`);
    this.reason = reason;
    this.offset = offset;
  }
}

export interface PatternOptions extends Flags {
  /** As if the pattern began with `(?i)`. */
  readonly caseless?: boolean;
  /** As if it began with `(?m)`, which is how libmodsecurity 3 compiles. */
  readonly multiline?: boolean;
}

export interface MatcherLimits {
  /** Tables of all patterns of a thread together. */
  readonly tableBytes: number;
  /** Tables of one automaton of one pattern; it has up to three, two of which only after a match. */
  readonly patternTableBytes: number;
}

const LIMITS: MatcherLimits = { tableBytes: 24 << 20, patternTableBytes: 1 << 20 };
/** Of what is not regular: steps for each value, and for each byte of it. Some 10 ns each. */
const STEPS = 200_000;
const STEPS_PER_BYTE = 64;
/** The memory of failures of one value: 32 MiB at the very most, taken only when a match of that size is looked at. */
const BITS = 1 << 28;

/** Patterns of a thread share their automata, and the memory that those may take. */
export class Matcher {
  readonly memory: TableMemory;
  readonly limits: MatcherLimits;
  readonly #patterns = new Map<string, WeakRef<Pattern>>();
  readonly #gone = new FinalizationRegistry<string>(key => {
    if (!this.#patterns.get(key)?.deref()) this.#patterns.delete(key);
  });

  constructor(limits: Partial<MatcherLimits> = {}) {
    this.limits = { ...LIMITS, ...limits };
    this.memory = new TableMemory(this.limits.tableBytes);
  }

  /** Patterns that somebody holds. */
  get size(): number {
    return this.#patterns.size;
  }

  /** @throws {PatternError} */
  compile(source: string, options: PatternOptions = {}): Pattern {
    const key = `${options.caseless ? 'i' : ''}${options.multiline ? 'm' : ''}/${source}`;
    const known = this.#patterns.get(key)?.deref();
    if (known) return known;
    const pattern = new Pattern(source, options, this);
    this.#patterns.set(key, new WeakRef(pattern));
    this.#gone.register(pattern, key);
    return pattern;
  }
}

const shared = new Matcher(); // a cache: tables are worth more the more rules and reloads share them

/**
 * Compiles a pattern: PCRE2's syntax over bytes, `.` takes newlines, `$` is the very end (ModSecurity 2; DOTALL and
 * DOLLAR_ENDONLY). Equal patterns are one object as long as somebody holds it.
 *
 * @param source one char a byte, as all values are
 * @throws {PatternError} for what is malformed, too large, or not supported: recursion, conditions, verbs, callouts, `\K`,
 *   `\p`, lookbehind that is not of fixed length
 */
export const compilePattern = (source: string, options: PatternOptions = {}): Pattern =>
  shared.compile(source, options);

/** The matcher that `compilePattern` takes. */
export const sharedMatcher = (): Matcher => shared;

export class Pattern {
  readonly source: string;
  /** A match contains one of these, in lower case, whatever its own case; undefined when nothing is known. */
  readonly literals: readonly string[] | undefined;
  /** A value with a match has a byte of at least one kind of each of these masks (`signs.ts`). */
  readonly signs: readonly number[];
  /** A match is not shorter, in bytes. */
  readonly minLength: number;
  /** Capturing groups. */
  readonly groups: number;
  /** Whether automata alone decide: then no value is too much. */
  readonly regular: boolean;
  /**
   * Whether the last `test` or `exec` came to its limit and had to guess: `test` says true then. Only patterns that are
   * not `regular` can. An operator that negates must look here, or it would let through what nobody has judged.
   */
  gaveUp = false;
  readonly #tree: Tree;
  readonly #matcher: Matcher;
  readonly #core: LazyDfa;
  #ends: LazyDfa | undefined;
  #starts: LazyDfa | undefined;
  #backtracker: Backtracker | undefined;
  /** Of a pattern that is not regular: says whether there is a match, not where it begins. */
  readonly #judge: Judge | undefined;
  #whole: Judge | undefined;
  #emptyTurns = false;

  /** Use `compilePattern`, or `Matcher.compile`. @throws {PatternError} */
  constructor(source: string, options: PatternOptions, matcher: Matcher) {
    this.source = source;
    this.#matcher = matcher;
    try {
      this.#tree = readTree(source, options);
      const { node, groups, regular } = this.#tree;
      const approximation = regular ? node : approximate(node);
      this.groups = groups;
      this.regular = regular;
      this.minLength = leastLength(approximation);
      this.literals = literalsOf(approximation);
      this.signs = neededSigns(approximation);
      this.#core = this.#automaton(coreOf(approximation), 'any');
      if (!regular) this.#judge = this.#judgeOf(coreOf(node, this.#tree.references));
    } catch (error) {
      if (error instanceof PatternFault)
        throw new PatternError(error.message, error.offset ?? source.length, source);
      throw error;
    }
  }

  /** Whether the value has a match. O(length) for regular patterns, and never more than a bounded number of steps. */
  test(value: string): boolean {
    this.gaveUp = false;
    if (value.length < this.minLength || !this.#core.accepts(value)) return false;
    return !this.#judge || this.#ask(this.#judge, value) !== 'none';
  }

  /**
   * Finds the match that PCRE finds: the leftmost, and there the one that it prefers. Costs more than `test`; made for use
   * after it.
   *
   * @param most groups above this number are not wanted; 0 is much cheaper than 1
   * @returns the match and its groups up to `most`, undefined where a group did not match; undefined for no match
   */
  exec(value: string, most = 9): readonly (string | undefined)[] | undefined {
    this.gaveUp = false;
    if (value.length < this.minLength) return undefined;
    return this.regular ? this.#execRegular(value, most) : this.#execIrregular(value, most);
  }

  /** Where the match that `exec` finds begins and ends; undefined for none. @throws {Error} when the pattern is not regular */
  place(value: string): readonly [from: number, to: number] | undefined {
    if (!this.regular) throw new Error(`Cannot place ${this.source}: it is not regular`);
    const { node } = this.#tree;
    this.#ends ??= this.#automaton(node, 'first');
    const end = this.#ends.last(value, 0, 1);
    if (end < 0) return undefined;
    this.#starts ??= this.#automaton(node, 'longest');
    return [this.#starts.last(value, end, -1), end];
  }

  /** What its automata take now. */
  get statistics(): DfaStatistics {
    const sum = { states: 0, bytes: 0, flushes: 0, plainRuns: 0 };
    const judges = [this.#judge?.starts, this.#whole?.starts];
    for (const dfa of [this.#core, this.#ends, this.#starts, ...judges]) {
      if (!dfa) continue;
      sum.states += dfa.statistics.states;
      sum.bytes += dfa.statistics.bytes;
      sum.flushes += dfa.statistics.flushes;
      sum.plainRuns += dfa.statistics.plainRuns;
    }
    return sum;
  }

  /** One that looks for the node anywhere, or, backward and to the longest, at a place. */
  #automaton(node: Node, want: 'any' | 'first' | 'longest', search = want !== 'longest'): LazyDfa {
    const { memory, limits } = this.#matcher;
    const reverse = want === 'longest';
    const program = compileProgram(node, { search: search && (reverse || !isAnchored(node)), reverse });
    this.#emptyTurns ||= program.emptyTurns;
    return new LazyDfa(program, want, memory, limits.patternTableBytes);
  }

  #judgeOf(node: Node): Judge {
    return {
      backtracker: this.#makeBacktracker(node),
      starts: this.#automaton(approximate(node), 'longest', true),
    };
  }

  #makeBacktracker(node: Node): Backtracker {
    const { groups, references } = this.#tree;
    return new Backtracker(compileProgram(node, { groups }), groups, !references);
  }

  #execRegular(value: string, most: number): (string | undefined)[] | undefined {
    const { node } = this.#tree;
    this.#ends ??= this.#automaton(node, 'first');
    const end = this.#ends.last(value, 0, 1);
    if (end < 0) return undefined;
    this.#starts ??= this.#automaton(node, 'longest');
    const start = this.#starts.last(value, end, -1);
    if (!this.#emptyTurns && (most === 0 || this.groups === 0)) return [value.slice(start, end)];
    this.#backtracker ??= this.#makeBacktracker(node);
    const stop = this.#emptyTurns ? value.length : end;
    const limits = { steps: Infinity, bits: BITS };
    const outcome = this.#backtracker.find(value, start, start, stop, limits, undefined);
    if (outcome === 'match') return groupsOf(this.#backtracker, value, Math.min(most, this.groups));
    return [value.slice(start, end)];
  }

  /** Where the whole is too much, the part that decides is the answer. */
  #execIrregular(value: string, most: number): (string | undefined)[] | undefined {
    const judge = this.#judge!;
    const whole = (this.#whole ??= this.#judgeOf(this.#tree.node));
    const outcome = this.#ask(whole, value);
    if (outcome === 'none') return undefined;
    if (outcome === 'match') return groupsOf(whole.backtracker, value, Math.min(most, this.groups));
    return this.#ask(judge, value) === 'match' ? groupsOf(judge.backtracker, value, 0) : [''];
  }

  #ask({ backtracker, starts }: Judge, value: string): Outcome {
    const { length } = value;
    const marks = new Uint8Array(length + 1);
    if (!starts.marks(value, marks)) return 'none';
    const limits = { steps: STEPS + STEPS_PER_BYTE * length, bits: BITS };
    const outcome = backtracker.find(value, 0, length, length, limits, marks);
    this.gaveUp = outcome === 'exhausted';
    return outcome;
  }
}

interface Judge {
  readonly backtracker: Backtracker;
  /** Where it is worth while to begin: backward, of the regular approximation. */
  readonly starts: LazyDfa;
}

function groupsOf({ slots }: Backtracker, value: string, most: number): (string | undefined)[] {
  return Array.from({ length: most + 1 }, (_, group) => {
    const from = slots[2 * group]!;
    return from < 0 ? undefined : value.slice(from, slots[2 * group + 1]!);
  });
}
