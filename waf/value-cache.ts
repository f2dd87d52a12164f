/** The values of a transaction, computed once for all rules: entries by source, and distinct values by transformation. */
import type { Chain, Step } from './chain.ts';
import type { Filter } from './link.ts';
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

interface Raw {
  readonly entries: readonly Entry[];
  readonly column: Column;
}

interface Part {
  readonly source: Source;
  readonly entries: readonly Entry[];
  /** The values after the chain; with `multiMatch` before it and after each step that changes some. */
  readonly columns: readonly Column[];
}

/** What rules with the same sources and chain look at; sources without entries are left out. */
export interface Shared {
  readonly parts: readonly Part[];
  readonly candidates: Uint32Array;
}

export class ValueCache {
  readonly #transaction: Transaction;
  readonly #filter: Filter;
  readonly #texts = new Texts();
  readonly #empty: Raw;
  #raw: (Raw | undefined)[] = [];
  #groups: (Shared | undefined)[] = [];

  constructor(transaction: Transaction, filter: Filter) {
    this.#transaction = transaction;
    this.#filter = filter;
    this.#empty = { entries: [], column: this.#column([]) };
  }

  /** At the start of a phase there is more to see. */
  renew(): void {
    this.#raw = [];
    this.#groups = [];
  }

  /** @param number of the group in its rule set: the same for the same sources, chain and way of matching */
  group(number: number, sources: readonly Source[], chain: Chain, multiMatch: boolean): Shared {
    return (this.#groups[number] ??= this.#gather(sources, chain, multiMatch));
  }

  #gather(sources: readonly Source[], chain: Chain, multiMatch: boolean): Shared {
    const parts: Part[] = [];
    const candidates = new Uint32Array(this.#filter.words);
    for (const source of sources) {
      const raw = (this.#raw[source.id] ??= this.#read(source));
      if (raw.entries.length === 0) continue;
      const columns = this.#columns(raw.column, chain, multiMatch);
      parts.push({ source, entries: raw.entries, columns });
      for (const column of columns) addBits(column.candidates, candidates);
    }
    return { parts, candidates };
  }

  #columns(raw: Column, chain: Chain, multiMatch: boolean): Column[] {
    let column = raw;
    const stages = [column];
    for (const step of chain) {
      column = column.derived[step.number] ??= this.#derive(column, step);
      if (multiMatch && column !== stages.at(-1)) stages.push(column);
    }
    return multiMatch ? stages : [column];
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
    const candidates = new Uint32Array(this.#filter.words);
    for (const text of texts)
      addBits((text.candidates ??= this.#filter.prefilter.scan(text.value).slice()), candidates);
    return { texts, candidates, derived: [] };
  }
}

function addBits(bits: Uint32Array, into: Uint32Array): void {
  for (let at = 0; at < into.length; at++) into[at]! |= bits[at]!;
}
