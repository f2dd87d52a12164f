/** What a variable is: a name under which rules find a part of the transaction. */
import type { Choice } from '../collection/variables.ts';
import type { Transaction } from '../transaction.ts';

/** One entry of a collection. */
export interface Entry {
  readonly key: string;
  /** The key in lower case, in which selectors compare. */
  readonly lower: string;
  readonly value: string;
}

interface Described {
  /** In upper case; rules may write it in any. */
  readonly name: string;
  readonly doc: string;
  /**
   * `frozen`: set when a phase begins, and the same until its end. `live`: rules may change it (TX), or it changes by
   * itself (TIME); it is read anew for each rule.
   */
  readonly life: 'frozen' | 'live';
  /** Of a frozen one: whether the head of the request says it for good. */
  readonly fixed?: boolean;
}

/** A single value. */
export interface One extends Described {
  readonly kind: 'one';
  /** @returns undefined when there is none: then no operator is asked, and `&` counts 0 */
  read(transaction: Transaction): string | undefined;
}

/** A collection: entries in the order in which they came, names may repeat. */
export interface Many extends Described {
  readonly kind: 'many';
  list(transaction: Transaction): readonly Entry[];
  /** A shorter way to one name, where there is one. */
  get?(transaction: Transaction, lower: string): string | undefined;
  /** A shorter way to those whose names are chosen, where there is one. */
  /** Whether its values are names: hardly two are the same, so that it is a waste to look for those. */
  readonly areNames?: boolean;
  choose?(transaction: Transaction, choice: Choice): readonly Entry[];
}

/** A document that is asked by paths. */
export interface Tree extends Described {
  readonly kind: 'tree';
  select(transaction: Transaction, path: import('../body/xml-path.ts').XmlPath): readonly string[];
}

export type Variable = One | Many | Tree;

class NamedEntry implements Entry {
  readonly key: string;
  readonly value: string;
  #lower: string | undefined;

  constructor(key: string, value: string) {
    this.key = key;
    this.value = value;
  }

  /** Few are ever asked for. */
  get lower(): string {
    return (this.#lower ??= this.key.toLowerCase());
  }
}

export const entry = (key: string, value: string): Entry => new NamedEntry(key, value);

/** @param flat name, value, name, value */
export function entriesOfPairs(flat: readonly string[]): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) entries.push(entry(flat[at]!, flat[at + 1]!));
  return entries;
}

/** The entries again, their names as values: ARGS_NAMES of ARGS. */
export const namesOf = (entries: readonly Entry[]): Entry[] =>
  entries.map(({ key }) => new NamedEntry(key, key));
