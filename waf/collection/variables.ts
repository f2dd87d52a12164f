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

/** TX: lives as long as the transaction. */
export class VariableMap implements MutableCollection {
  readonly #entries = new Map<string, Entry>();
  #list: readonly Entry[] | undefined;

  get(lower: string): string | undefined {
    return this.#entries.get(lower)?.value;
  }

  set(name: string, lower: string, value: string): void {
    this.#list = undefined;
    this.#entries.set(lower, { key: name, lower, value });
  }

  delete(lower: string): void {
    if (this.#entries.delete(lower)) this.#list = undefined;
  }

  entries(): readonly Entry[] {
    return (this.#list ??= [...this.#entries.values()]);
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
