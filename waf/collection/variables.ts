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

/** Chooses entries by their names. */
export interface Choice {
  test(key: string): boolean;
}

/** TX: lives as long as the transaction. What all transactions begin with is shared, and written over. */
export class VariableMap implements MutableCollection {
  readonly #base: VariableMap | undefined;
  /** Undefined: deleted, though the base has it. */
  #own: Map<string, Entry | undefined> | undefined;
  #list: readonly Entry[] | undefined;
  #choices: Map<Choice, readonly Entry[]> | undefined;

  /** @param base must not change any more */
  constructor(base?: VariableMap) {
    this.#base = base;
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
  }

  delete(lower: string): void {
    if (this.get(lower) === undefined) return;
    this.#list = undefined;
    this.#own ??= new Map();
    if (this.#base?.get(lower) === undefined) this.#own.delete(lower);
    else this.#own.set(lower, undefined);
  }

  /** Entries whose names are chosen. What is chosen of the values that all transactions begin with is remembered. */
  chosen(choice: Choice): readonly Entry[] {
    const base = this.#base ? this.#base.#chosenForGood(choice) : [];
    const own = this.#own;
    if (!own) return base;
    const found = base.filter(({ lower }) => !own.has(lower));
    for (const one of own.values()) if (one && choice.test(one.key)) found.push(one);
    return found;
  }

  #chosenForGood(choice: Choice): readonly Entry[] {
    this.#choices ??= new Map();
    let found = this.#choices.get(choice);
    if (!found) {
      found = this.entries().filter(({ key }) => choice.test(key));
      this.#choices.set(choice, found);
    }
    return found;
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
