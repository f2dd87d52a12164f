/** The values of a transaction, computed once for all rules: entries by source, and distinct values by transformation. */
import type { Step } from './chain.ts';
import { entriesOf, type Source } from './selection.ts';
import { ANY_SIGN, LOWER_SIGN, UPPER_SIGN } from './signs.ts';
import type { Transaction } from './transaction.ts';
import type { Entry } from './variable/variable.ts';
import type { Filter } from './variant.ts';

/** Patterns of the set, a bit each: which of them may match. Plain numbers, which are cheaper to make than typed arrays. */
export type Candidates = readonly number[];

/** A distinct value. */
export interface Text {
  readonly value: string;
  readonly candidates: Candidates;
  /** The kinds of its bytes. */
  readonly signs: number;
}

/**
 * The distinct values of a source, after some transformations. A transformation that changes none of them gives the same
 * column, so chains that differ in steps without effect (nearly all, for benign values) share everything.
 */
export interface Column {
  readonly texts: readonly Text[];
  /** Of all its texts. */
  readonly candidates: Candidates;
  readonly signs: number;
  /** By the number of a transformation. */
  readonly derived: (Column | undefined)[];
}

/** The entries of a source, and their values before any transformation. */
export interface Raw {
  readonly entries: readonly Entry[];
  readonly column: Column;
}

export class ValueCache {
  readonly #transaction: Transaction;
  readonly #filter: Filter;
  readonly #texts = new Map<string, Text>();
  readonly #empty: Raw = { entries: [], column: { texts: [], candidates: [], signs: 0, derived: [] } };
  #raw: (Raw | undefined)[] = [];

  constructor(transaction: Transaction, filter: Filter) {
    this.#transaction = transaction;
    this.#filter = filter;
  }

  /** At the start of a phase there is more to see. */
  renew(): void {
    this.#raw = [];
  }

  raw(source: Source): Raw {
    return (this.#raw[source.id] ??= this.#read(source));
  }

  after(column: Column, step: Step): Column {
    if ((column.signs & step.signs) === 0 && step.signs !== ANY_SIGN) return column;
    return (column.derived[step.number] ??= this.#derive(column, step));
  }

  #read({ target }: Source): Raw {
    const entries = entriesOf(target, this.#transaction);
    if (entries.length === 0) return this.#empty;
    if (entries.length === 1) return { entries, column: this.#column([this.#text(entries[0]!.value)]) };
    const seen = new Set<Text>();
    for (const { value } of entries) seen.add(this.#text(value));
    return { entries, column: this.#column([...seen]) };
  }

  #derive(column: Column, step: Step): Column {
    const { texts } = column;
    let changed: Text[] | undefined;
    for (let at = 0; at < texts.length; at++) {
      const text = texts[at]!;
      const isOpen = step.signs === ANY_SIGN || (text.signs & step.signs) !== 0;
      const value = isOpen ? step.run(text.value) : text.value;
      if (value === text.value) {
        changed?.push(text);
        continue;
      }
      changed ??= texts.slice(0, at);
      // Not looked up among the known: that costs more than to scan the few that come twice.
      changed.push(step.changesCaseOnly ? recased(text, value, step) : this.#scanned(value));
    }
    return changed ? this.#column(changed) : column;
  }

  #text(value: string): Text {
    let text = this.#texts.get(value);
    if (!text) {
      text = this.#scanned(value);
      this.#texts.set(value, text);
    }
    return text;
  }

  #scanned(value: string): Text {
    const { prefilter } = this.#filter;
    const found = prefilter.scan(value);
    const own: number[] = [];
    for (let at = 0; at < found.length; at++) own.push(found[at]! | 0);
    return { value, candidates: own, signs: prefilter.signs };
  }

  #column(texts: readonly Text[]): Column {
    const derived = new Array<Column | undefined>(this.#filter.steps);
    if (texts.length === 1)
      return { texts, candidates: texts[0]!.candidates, signs: texts[0]!.signs, derived };
    const candidates = texts[0]!.candidates.slice();
    let { signs } = texts[0]!;
    for (let at = 1; at < texts.length; at++) {
      const own = texts[at]!.candidates;
      signs |= texts[at]!.signs;
      for (let word = 0; word < candidates.length; word++) candidates[word]! |= own[word]!;
    }
    return { texts, candidates, signs, derived };
  }
}

/** The filter has no regard to case, so candidates stay; only the kinds of letters differ. */
function recased({ candidates, signs }: Text, value: string, step: Step): Text {
  const other = step.signs === UPPER_SIGN ? LOWER_SIGN : UPPER_SIGN;
  return { value, candidates, signs: (signs & ~step.signs) | other };
}
