/** The row of tokens that is being folded. */
import { isUnary, rowNumber, rowOf, type Token, TYPE, typesOf } from './sql-token.ts';
import type { SqlTokenizer } from './sql-tokenizer.ts';

/** Tokens in a fingerprint; a sixth may be read to tell what the fifth is. */
export const LIMIT = 5;

/** What a rule did: `again` looks at the same place once more, `on` goes to rules of three tokens. */
export type Outcome = 'again' | 'on' | undefined;

/** What means nothing at the head. */
const HEADS = typesOf('c(t');

/** Rows of five that are one value after all: `1,(1)`, `a+(b)`, `1),(1`, `a)+(b`. */
const FIVE_THAT_FOLD: readonly number[] = ['1o(1)', '1,(1)', 'no(n)', 'no(1)', '1),(1', 'n)o(n'].map(
  rowNumber,
);

/** The tokens so far: `left` of them are settled, `end` are read. */
export class Fold {
  readonly tokens: Token[] = [];
  left = 0;
  end = 0;
  lastComment: Token | undefined;
  #hasMore = true;
  readonly #source: SqlTokenizer;

  constructor(source: SqlTokenizer) {
    this.#source = source;
  }

  get hasMore(): boolean {
    return this.#hasMore;
  }

  at(offset: number): Token {
    return this.tokens[this.left + offset]!;
  }

  /** A copy, for the other one may stay in the row, and be changed there. */
  put(offset: number, replacement: Token): void {
    this.tokens[this.left + offset] = replacement.copy();
  }

  /** Takes the last `count` tokens away and looks again from the start. */
  drop(count: number): Outcome {
    this.end -= count;
    this.left = 0;
    return 'again';
  }

  /** Reads until `count` tokens are open, or the row is full. */
  fill(count: number): boolean {
    while (this.#hasMore && this.end <= LIMIT && this.end - this.left < count) this.#readOne();
    return this.end - this.left >= count;
  }

  #readOne(): void {
    const next = this.#source.next();
    this.#hasMore = next !== undefined;
    if (next === undefined) return;
    this.lastComment = next.type === TYPE.comment ? next : undefined;
    if (next.type !== TYPE.comment) this.tokens[this.end++] = next;
  }

  /** Comments, parentheses, types and signs at the head mean nothing. */
  skipHead(): boolean {
    for (let next = this.#source.next(); next !== undefined; next = this.#source.next()) {
      if (next.type & HEADS || isUnary(next)) continue;
      this.tokens[this.end++] = next;
      return true;
    }
    return false;
  }

  foldFive(): void {
    if (this.end < LIMIT || !FIVE_THAT_FOLD.includes(rowOf(this.tokens, LIMIT))) return;
    const hasSixth = this.end > LIMIT;
    if (hasSixth) this.tokens[1] = this.tokens[LIMIT]!;
    this.end = hasSixth ? 2 : 1;
    this.left = 0;
  }
}
