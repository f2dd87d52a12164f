/** The values of a transaction, computed once for all rules: entries by source, and distinct values by transformation. */
import type { Chain, Step } from './chain.ts';
import type { Prefilter } from './regex/prefilter.ts';
import { entriesOf, type Source } from './selection.ts';
import { type Text, Texts } from './text.ts';
import type { Transaction } from './transaction.ts';
import type { Entry } from './variable/variable.ts';

/**
 * The distinct values of a source, after some transformations. A transformation that changes none of them gives the same
 * column, so chains that differ in steps without effect (nearly all, for benign values) share everything.
 */
export interface Column {
  readonly texts: readonly Text[];
  /** Patterns that may match one of the texts. */
  readonly candidates: Uint32Array;
  /** By the number of a transformation. */
  readonly derived: (Column | undefined)[];
}

export interface Raw {
  readonly entries: readonly Entry[];
  readonly column: Column;
}

export class ValueCache {
  readonly #transaction: Transaction;
  readonly #prefilter: Prefilter;
  readonly #words: number;
  readonly #texts = new Texts();
  readonly #empty: Raw;
  #raw: (Raw | undefined)[] = [];

  /** @param words 32-bit words of a set of patterns */
  constructor(transaction: Transaction, prefilter: Prefilter, words: number) {
    this.#transaction = transaction;
    this.#prefilter = prefilter;
    this.#words = words;
    this.#empty = { entries: [], column: this.#column([]) };
  }

  /** At the start of a phase there is more to see. */
  renew(): void {
    this.#raw = [];
  }

  of(source: Source): Raw {
    return (this.#raw[source.id] ??= this.#read(source));
  }

  /** The values of a source after a chain. */
  after({ column }: Raw, chain: Chain): Column {
    let at = column;
    for (let step = 0; step < chain.length; step++) at = this.#derived(at, chain[step]!);
    return at;
  }

  #read({ target }: Source): Raw {
    const entries = entriesOf(target, this.#transaction);
    if (entries.length === 0) return this.#empty;
    const texts: Text[] = [];
    const seen = new Set<Text>();
    for (const { value } of entries) {
      const text = this.#texts.of(value);
      if (entries.length > 1) {
        if (seen.has(text)) continue;
        seen.add(text);
      }
      texts.push(text);
    }
    return { entries, column: this.#column(texts) };
  }

  #derived(column: Column, step: Step): Column {
    return (column.derived[step.number] ??= this.#derive(column, step));
  }

  #derive(column: Column, step: Step): Column {
    const { texts } = column;
    let changed: Text[] | undefined;
    for (let at = 0; at < texts.length; at++) {
      const text = texts[at]!;
      const value = step.run(text.value);
      if (value === text.value) {
        changed?.push(text);
        continue;
      }
      changed ??= texts.slice(0, at);
      changed.push(this.#texts.of(value));
    }
    return changed ? this.#column(changed) : column;
  }

  #column(texts: readonly Text[]): Column {
    const candidates = new Uint32Array(this.#words);
    for (const text of texts) {
      const own = (text.candidates ??= this.#prefilter.scan(text.value).slice());
      for (let at = 0; at < candidates.length; at++) candidates[at]! |= own[at]!;
    }
    return { texts, candidates, derived: [] };
  }
}
