/** The groups of a pattern while it is read: their numbers, their names, and who may be referred to. */
import type { Reader } from './reader.ts';
import { type Item, type Options, PatternFault } from './syntax.ts';

export class Groups {
  /** Of all, found beforehand: a reference is told from an octal number by it. */
  readonly #total: number;
  readonly #names = new Map<string, number>();
  #count = 0;
  /**
   * Those that have matched for certain where the reader is. Only they can be referred to: in PCRE a reference to a group
   * that did not match fails, in JavaScript it matches nothing.
   */
  certain: ReadonlySet<number> = new Set();

  readonly #anyReference: boolean;

  /** @param anyReference whether a group that may not have matched can be referred to */
  constructor(pcre: string, anyReference: boolean) {
    this.#anyReference = anyReference;
    this.#total = (pcre.match(/\((?!\?|\*)|\(\?P?<(?![=!])|\(\?'/g) ?? []).length;
  }

  get names(): readonly string[] {
    return [...this.#names.keys()];
  }

  /** Counts a group that opens. @returns its number */
  open(name?: string): number {
    if (name !== undefined && this.#names.has(name))
      throw new PatternFault(`two named subpatterns have the same name "${name}"`);
    this.#count++;
    if (name !== undefined) this.#names.set(name, this.#count);
    return this.#count;
  }

  close(group: number): void {
    this.certain = new Set(this.certain).add(group);
  }

  /** @throws {PatternFault} when there is no such group, or it may not have matched */
  referTo(group: number, { ignoreCase }: Options): Item {
    if (group > this.#total || group < 1) throw new PatternFault('reference to non-existent subpattern');
    if (!this.#anyReference && !this.certain.has(group))
      throw new PatternFault('a reference to a group that may not have matched is not supported');
    return { kind: 'reference', group, ignoreCase };
  }

  named(name: string): number {
    const group = this.#names.get(name);
    if (group === undefined) throw new PatternFault(`reference to non-existent subpattern "${name}"`);
    return group;
  }

  /** Reads `\1`, `\g{-1}`, `\k<name>` from behind the backslash. @returns undefined when it is no reference */
  read(reader: Reader): number | undefined {
    if (reader.match(/g[<']/y)) throw new PatternFault('calls of groups \\g<...> are not supported');
    const named = reader.match(/k(?:<(\w+)>|'(\w+)'|\{(\w+)\})|g\{([A-Za-z_]\w*)\}/y);
    if (named) return this.named(named[1] ?? named[2] ?? named[3] ?? named[4]!);
    const numbered = reader.match(/g(?:\{([+-]?\d+)\}|([+-]?\d+))/y);
    if (numbered) return this.#relative(numbered[1] ?? numbered[2]!);
    const digits = reader.match(/[1-9]\d*/y)?.[0];
    if (digits === undefined) return undefined;
    if (Number(digits) > 9 && Number(digits) > this.#total)
      throw new PatternFault(`\\${digits} may be an octal number or a reference: write \\o{...} or \\g{...}`);
    return Number(digits);
  }

  #relative(text: string): number {
    if (text.startsWith('-')) return this.#count + 1 + Number(text);
    return text.startsWith('+') ? this.#count + Number(text) : Number(text);
  }
}
