/** The values of a transaction, computed once for all rules: entries by source, and distinct values by transformation. */
import type { Chain, Step } from './chain.ts';
import type { Branch, Places, Plan } from './plan.ts';
import type { Candidates, Prefilter } from './regex/prefilter.ts';
import type { Source, SourceNumbers } from './selection.ts';
import { ANY_SIGN, LOWER_SIGN, UPPER_SIGN } from './signs.ts';
import { Column, Text } from './text.ts';
import { ownCopy, type TextShelf } from './text-shelf.ts';
import type { Transaction } from './transaction.ts';
import type { Entry } from './variable/variable.ts';
import type { Filter } from './variant.ts';

/** The entries of a source, and their values before any transformation. */
export interface Raw {
  readonly entries: readonly Entry[];
  readonly column: Column;
}

/**
 * So many new values of a transaction may become known ones; after them none is looked for. The head comes first; the thousand
 * values of a large body would drive out one another, and everything else.
 */
const SHELF_VALUES = 128;

/** Of sources, in all transactions of the thread: texts outlive them. */
let reads = 0;
const READS = 0x3fff_ffff;

export class ValueCache {
  readonly #transaction: Transaction;
  readonly #prefilter: Prefilter;
  readonly #none: Candidates;
  readonly #shelf: TextShelf;
  #shelfValues = SHELF_VALUES;
  readonly #texts = new Map<string, Text>();
  readonly #empty: Raw;
  readonly #least: readonly number[];
  /** By the number of a source: what stays for all phases, and what is of this one. */
  readonly #fixed: (Raw | undefined)[];
  #raw: (Raw | undefined)[];
  readonly #numbers: SourceNumbers;

  constructor(transaction: Transaction, { prefilter, least, shelf, numbers }: Filter) {
    this.#transaction = transaction;
    this.#prefilter = prefilter;
    this.#least = least;
    this.#shelf = shelf;
    this.#none = prefilter.none;
    this.#numbers = numbers;
    this.#fixed = new Array(numbers.fixed);
    this.#raw = new Array(numbers.others);
    this.#empty = { entries: [], column: new Column([], this.#none, 0) };
  }

  /** At the start of a phase there is more to see. */
  renew(): void {
    this.#raw = new Array(this.#numbers.others);
  }

  raw(source: Source): Raw {
    const kept = source.fixed ? this.#fixed : this.#raw;
    return (kept[source.id] ??= this.#read(source));
  }

  /** A column after a transformation, without values that have become too short for any rule that looks at it then. */
  after(column: Column, step: Step): Column {
    if ((column.signs & step.signs) === 0 && step.signs !== ANY_SIGN) return column;
    const { number } = step;
    const known = column.derivedBy(number);
    if (known) return known;
    const derived = this.#derive(column, step);
    return column.derivedBy(number) ?? column.derive(number, derived); // a text that is kept has it by now
  }

  /** A value after a chain, by what is known of it. */
  transformed(value: string, chain: Chain): string {
    let text = chain.length > 0 ? this.#known(value) : undefined;
    let result = value;
    for (let at = 0; at < chain.length; at++) {
      const step = chain[at]!;
      if (text && (text.signs & step.signs) === 0 && step.signs !== ANY_SIGN) continue;
      text = text?.alone?.derivedBy(step.number)?.texts[0];
      result = text ? text.value : step.run(result);
    }
    return result;
  }

  /** The rules of a phase that have to be run, by their place in it. The caller may change the list. */
  active({ always, watches, firstWord }: Plan): number[] {
    const active = always.slice();
    for (let at = 0; at < watches.length; at++) {
      const { source, branch } = watches[at]!;
      const { column } = this.raw(source);
      if (column.texts.length > 0) this.#mark(column, branch, firstWord, active);
    }
    return active;
  }

  #mark(column: Column, branch: Branch, firstWord: number, active: number[]): void {
    const { signs, next } = branch;
    if (next.length === 0 || ((column.signs & signs) === 0 && signs !== ANY_SIGN)) {
      this.#add(column, branch.all, firstWord, active);
      return;
    }
    this.#add(column, branch.ends, firstWord, active);
    for (let at = 0; at < next.length; at++)
      this.#mark(this.after(column, next[at]!.step), next[at]!.branch, firstWord, active);
  }

  #add({ candidates }: Column, places: Places, firstWord: number, active: number[]): void {
    if (candidates === this.#none) return;
    for (let word = 0; word < active.length; word++)
      active[word]! |= candidates[firstWord + word]! & places[word]!;
  }

  #read(source: Source): Raw {
    const entries = source.read(this.#transaction);
    if (entries.length === 0) return this.#empty;
    if (entries.length === 1) return { entries, column: this.#alone(this.#text(entries[0]!.value)) };
    if (source.areNames)
      return {
        entries,
        column: this.#column(entries.map(one => this.#onShelf(one.value) ?? this.#scanned(one.value))),
      };
    reads = (reads + 1) & READS;
    const read = reads;
    const texts: Text[] = [];
    for (let at = 0; at < entries.length; at++) {
      const text = this.#text(entries[at]!.value);
      if (text.seen === read) continue;
      text.seen = read;
      texts.push(text);
    }
    return { entries, column: this.#column(texts) };
  }

  #derive(column: Column, step: Step): Column {
    const { texts } = column;
    const least = this.#least[step.number] ?? 0;
    let changed: Text[] | undefined;
    for (let at = 0; at < texts.length; at++) {
      const text = texts[at]!;
      if ((step.most?.(text.value) ?? text.value.length) < least) {
        changed ??= texts.slice(0, at);
        continue;
      }
      const after = this.#after(text, step);
      if (after === text) changed?.push(text);
      else (changed ??= texts.slice(0, at)).push(after);
    }
    return changed ? this.#column(changed) : column;
  }

  #after(text: Text, step: Step): Text {
    if ((text.signs & step.signs) === 0 && step.signs !== ANY_SIGN) return text;
    const known = text.alone?.derivedBy(step.number);
    if (known) return known.texts[0]!;
    const after = this.#made(text, step);
    if (text.kept) this.#alone(text).derive(step.number, this.#alone(after));
    return after;
  }

  #made(text: Text, step: Step): Text {
    const value = step.run(text.value);
    if (value === text.value) return text;
    // Not looked up among the known: that costs more than to scan the few that come twice.
    if (step.changesCaseOnly) return this.#recased(text, value, step);
    return this.#textOf(value, this.#prefilter.scan(value), this.#prefilter.signs, text.kept);
  }

  #recased(text: Text, value: string, step: Step): Text {
    // Signs of small letters stay: `_` has them too.
    const signs =
      step.signs === UPPER_SIGN ? (text.signs & ~UPPER_SIGN) | LOWER_SIGN : text.signs | UPPER_SIGN;
    return this.#textOf(value, this.#prefilter.recased(text.candidates, signs), signs, text.kept, text);
  }

  #onShelf(value: string): Text | undefined {
    return this.#shelfValues > 0 ? this.#shelf.find(value) : undefined;
  }

  #known(value: string): Text | undefined {
    return this.#onShelf(value) ?? this.#texts.get(value);
  }

  #text(value: string): Text {
    let text = this.#known(value);
    if (!text) {
      text = this.#scanned(value);
      if (!text.kept) this.#texts.set(value, text);
    }
    return text;
  }

  /** Of a value that came with the request. */
  #scanned(value: string): Text {
    this.#shelfValues--;
    const candidates = this.#prefilter.scan(value);
    const { signs } = this.#prefilter;
    const copy = this.#shelfValues > 0 && this.#shelf.glimpse(value) ? ownCopy(value) : undefined;
    if (copy !== value) return new Text(value, candidates, signs, false);
    const text = this.#textOf(copy, candidates, signs, true);
    this.#shelf.keep(text);
    return text;
  }

  #textOf(value: string, candidates: Candidates, signs: number, kept: boolean, origin?: Text): Text {
    const own = kept && candidates !== this.#none ? candidates.slice() : candidates;
    return new Text(value, own, signs, kept, origin);
  }

  #alone(text: Text): Column {
    return (text.alone ??= new Column([text], text.candidates, text.signs));
  }

  #column(texts: readonly Text[]): Column {
    if (texts.length === 1) return this.#alone(texts[0]!);
    const none = this.#none;
    let all: number[] | undefined;
    let before = none;
    let signs = 0;
    for (let at = 0; at < texts.length; at++) {
      const text = texts[at]!;
      signs |= text.signs;
      if (text.candidates === none || text.candidates === before) continue;
      before = text.candidates;
      if (!all) {
        all = text.candidates.slice();
        continue;
      }
      for (let word = 0; word < all.length; word++) all[word]! |= text.candidates[word]!;
    }
    return new Column(texts, all ?? none, signs);
  }
}
