/** Named values that rules set: the collection TX, and what a record of a persistent collection looks like. */
import type { Entry } from '../variable/variable.ts';

/** A collection that rules write. Names have no case; the spelling of whoever set a value last is kept. */
export interface MutableCollection {
  /** @param lower the name in lower case */
  get(lower: string): string | undefined;
  set(name: string, lower: string, value: string): void;
  delete(lower: string): void;
  /** In the order in which the names were first set. */
  entries(): readonly Entry[];
}

const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** Chooses entries by their names. */
export interface Choice {
  test(key: string): boolean;
}

/** TX: lives as long as the transaction. What all transactions begin with is shared, and written over. */
export class VariableMap implements MutableCollection {
  readonly #base: VariableMap | undefined;
  /** Undefined: deleted, though the base has it. */
  #own: Map<string, Entry | undefined> | undefined;
  /** Which of the digits may be set, a bit each: nearly always none but 0 is. */
  #digits: number;
  #list: readonly Entry[] | undefined;
  #choices: Map<Choice, readonly Entry[]> | undefined;

  /** @param base must not change any more */
  constructor(base?: VariableMap) {
    this.#base = base;
    this.#digits = base ? base.#digits : 0;
  }

  get(lower: string): string | undefined {
    const own = this.#own?.get(lower);
    if (own !== undefined) return own.value;
    return this.#own?.has(lower) ? undefined : this.#base?.get(lower);
  }

  set(name: string, lower: string, value: string): void {
    this.#list = undefined;
    this.#own ??= new Map();
    this.#own.set(lower, { key: name, lower, value });
    if (lower.length === 1) this.#digits |= 1 << DIGITS.indexOf(lower);
  }

  delete(lower: string): void {
    if (this.get(lower) === undefined) return;
    this.#list = undefined;
    this.#own ??= new Map();
    if (this.#base?.get(lower) === undefined) this.#own.delete(lower);
    else this.#own.set(lower, undefined);
  }

  /** What `capture` found: 0 is the match, 1 to 9 its groups. Digits that have none now are deleted. */
  capture(groups: readonly (string | undefined)[]): void {
    for (let at = 0; at < DIGITS.length; at++) {
      const digit = DIGITS[at]!;
      const group = groups[at];
      if (group !== undefined) this.set(digit, digit, group);
      else if ((this.#digits & (1 << at)) !== 0) this.delete(digit);
    }
  }

  /** Entries whose names are chosen. What is chosen of the names that all transactions begin with is remembered. */
  chosen(choice: Choice): readonly Entry[] {
    const base = this.#base;
    const own = this.#own;
    if (!own) return base?.entriesChosen(choice) ?? [];
    const found = base ? base.entriesChosen(choice).filter(({ lower }) => !own.has(lower)) : [];
    for (const one of own.values())
      if (one && (base?.isChosen(choice, one) ?? choice.test(one.key))) found.push(one);
    return found;
  }

  /** Of what all transactions begin with. */
  entriesChosen(choice: Choice): readonly Entry[] {
    this.#choices ??= new Map();
    let found = this.#choices.get(choice);
    if (!found) {
      found = this.entries().filter(({ key }) => choice.test(key));
      this.#choices.set(choice, found);
    }
    return found;
  }

  /** Whether the name of an entry is chosen; known of names that all transactions begin with. */
  isChosen(choice: Choice, { key, lower }: Entry): boolean {
    const same = this.#own?.get(lower);
    return same?.key === key ? this.entriesChosen(choice).includes(same) : choice.test(key);
  }

  entries(): readonly Entry[] {
    return (this.#list ??= this.#merged());
  }

  #merged(): Entry[] {
    const merged = new Map<string, Entry | undefined>();
    for (const one of this.#base?.entries() ?? []) merged.set(one.lower, one);
    for (const [lower, one] of this.#own ?? []) merged.set(lower, one);
    return [...merged.values()].filter(one => one !== undefined);
  }
}

/**
 * What `setvar:tx.a=+5` makes of the value before. Both are read as C's atoi reads them: what is no number counts 0.
 */
export function addTo(before: string | undefined, delta: number): string {
  return String(toInteger(before ?? '') + delta);
}

/** The integer at the start of a text, or 0. */
export function toInteger(text: string): number {
  const value = Number.parseInt(text, 10);
  return Number.isNaN(value) ? 0 : value;
}
