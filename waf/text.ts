/** Distinct values and what is known of them: which rules may match, and what transformations make of them. */
import { type Candidates, isCandidate } from './regex/prefilter.ts';

/** A distinct value. */
export class Text {
  readonly value: string;
  readonly candidates: Candidates;
  /** The kinds of its bytes. */
  readonly signs: number;
  /** Whether it outlives the transaction: then its candidates are its own, and what rules find out of it is written there. */
  readonly kept: boolean;
  /** What it was before the case of its letters was changed. */
  readonly origin: Text | undefined;
  /** The column that it makes alone. */
  alone: Column | undefined;
  /** Of a kept one: what rules without a bit found, by their `memo`. */
  answers: (boolean | undefined)[] | undefined;
  /** The read that saw it last. */
  seen = 0;

  constructor(value: string, candidates: Candidates, signs: number, kept: boolean, origin?: Text) {
    this.value = value;
    this.candidates = candidates;
    this.signs = signs;
    this.kept = kept;
    this.origin = origin;
  }

  /** The rule with this bit was asked and does not match, nor will it when the value comes again. */
  strikeOut(slot: number): void {
    // The filter's words have no regard to case, so the rule may have been chosen by what the value was before.
    for (let text: Text | undefined = this; text; text = text.origin) strike(text.candidates, slot);
  }
}

/** Only a candidate is struck out, so the list that is shared by all values without candidates is never written. */
function strike(candidates: Candidates, slot: number): void {
  if (isCandidate(candidates, slot)) (candidates as number[])[slot >>> 5]! &= ~(1 << (slot & 31));
}

/**
 * The distinct values of a source, after some transformations. A transformation that changes none of them gives the same
 * column, so chains that differ in steps without effect (nearly all, for benign values) share everything.
 */
export class Column {
  readonly texts: readonly Text[];
  /** Of all its texts. */
  readonly candidates: Candidates;
  readonly signs: number;
  #derived: Derived | undefined;

  constructor(texts: readonly Text[], candidates: Candidates, signs: number) {
    this.texts = texts;
    this.candidates = candidates;
    this.signs = signs;
  }

  /** What a transformation made of it before. @param step the number of the transformation */
  derivedBy(step: number): Column | undefined {
    for (let one = this.#derived; one; one = one.next) if (one.step === step) return one.column;
    return undefined;
  }

  /** @returns the column, for which `derivedBy` gave nothing */
  derive(step: number, column: Column): Column {
    this.#derived = { step, column, next: this.#derived };
    return column;
  }
}

/** Few columns are transformed in more than two ways: a chain takes a tenth of the memory of a table by number. */
interface Derived {
  readonly step: number;
  readonly column: Column;
  readonly next: Derived | undefined;
}
