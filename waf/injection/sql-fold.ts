/**
 * Folds tokens of SQL to at most five: what a database computes by itself (`1+1`, `a,b`, doubled signs) takes the place
 * of one token, so that an attack keeps its shape however it is dressed.
 *
 * Source: N. Galbreath, "libinjection", Black Hat USA 2012.
 */
import { isArithmetic, isUnary, isWord, type Token, TYPE, token, upper, VALUE_LIMIT } from './sql-token.ts';
import type { SqlTokenizer } from './sql-tokenizer.ts';
import { SQL_WORDS } from './sql-words.ts';

/** Tokens in a fingerprint; a sixth may be read to tell what the fifth is. */
const LIMIT = 5;

/** What a rule did: `again` looks at the same place once more, `on` goes to rules of three tokens. */
type Outcome = 'again' | 'on' | undefined;

/** Whether a token's type is one of `types`. */
const is = ({ type }: Token, types: string): boolean => types.includes(type);

/** Types that may be halves of a phrase (`UNION` + `ALL`). */
const PHRASE_HEADS = 'knoUfETt';
const PHRASE_TAILS = 'knoUfETt&';

/** What phrases of several words begin with, less their last word. */
const PHRASE_BEGINNINGS: ReadonlySet<string> = new Set(
  [...SQL_WORDS.keys()].filter(word => word.includes(' ')).map(word => word.slice(0, word.lastIndexOf(' '))),
);

/** Names that are functions when parentheses follow, in some database. */
const NAMES_OF_FUNCTIONS = new Set([
  ...['USER_ID', 'USER_NAME', 'DATABASE', 'PASSWORD', 'USER', 'CURRENT_USER', 'CURRENT_DATE'],
  ...['CURRENT_TIME', 'CURRENT_TIMESTAMP', 'LOCALTIME', 'LOCALTIMESTAMP'],
]);

/** Rows of five that are one value after all: `1,(1)`, `a+(b)`, `1),(1`, `a)+(b`. */
const FIVE_THAT_FOLD = /^(?:1[o,]\(1\)|no\([n1]\)|1\),\(1|n\)o\(n)$/;

/** The tokens so far: `left` of them are settled, `end` are read. */
class Fold {
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

  put(offset: number, replacement: Token): void {
    this.tokens[this.left + offset] = { ...replacement };
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
      if (is(next, 'c(t') || isUnary(next)) continue;
      this.tokens[this.end++] = next;
      return true;
    }
    return false;
  }

  foldFive(): void {
    if (this.end < LIMIT || !FIVE_THAT_FOLD.test(fingerprintOf(this.tokens, LIMIT))) return;
    const hasSixth = this.end > LIMIT;
    if (hasSixth) this.tokens[1] = { ...this.tokens[LIMIT]! };
    this.end = hasSixth ? 2 : 1;
    this.left = 0;
  }
}

/** Types of the first `count` tokens. */
export function fingerprintOf(tokens: readonly Token[], count: number): string {
  let row = '';
  for (let at = 0; at < count; at++) row += tokens[at]!.type;
  return row;
}

/** Takes the last token away and looks again one token before. */
function dropAndStepBack(fold: Fold): Outcome {
  fold.end--;
  fold.left = Math.max(fold.left - 1, 0);
  return 'again';
}

function mergePhrase(fold: Fold, first: Token, second: Token): Outcome {
  if (!is(first, PHRASE_HEADS) || !is(second, PHRASE_TAILS)) return undefined;
  if (first.value.length < 2 || !PHRASE_BEGINNINGS.has(upper(first.value))) return undefined;
  const phrase = `${first.value} ${second.value}`;
  const type = phrase.length <= VALUE_LIMIT ? SQL_WORDS.get(upper(phrase)) : undefined;
  if (type === undefined) return undefined;
  fold.put(0, token(type, phrase));
  return dropAndStepBack(fold);
}

/** `{name expression}` of ODBC and MySQL is the expression; an empty name is a known trick. */
function foldBrace(fold: Fold, second: Token): Outcome {
  if (second.value !== '') return fold.drop(2);
  second.type = TYPE.evil;
  return undefined;
}

function foldBackslash(fold: Fold, first: Token, second: Token): Outcome {
  if (!isArithmetic(second)) {
    fold.put(0, second);
    return fold.drop(1);
  }
  first.type = TYPE.number;
  fold.left = 0;
  return 'again';
}

/** A collation holds an underscore, and stands for a type then. */
function foldCollation(fold: Fold, second: Token): Outcome {
  if (second.value.includes('_')) {
    second.type = TYPE.sqlType;
    fold.left = 0;
  }
  return 'on';
}

function retype(changed: Token, type: string, outcome: Outcome): Outcome {
  changed.type = type;
  return outcome;
}

/** The first rule whose condition holds decides; undefined when none does. */
function foldTwo(fold: Fold): Outcome {
  const first = fold.at(0);
  const second = fold.at(1);
  const pair = first.type + second.type;
  if (pair === 'ss' || pair === ';;') {
    fold.end--;
    return 'again';
  }
  if (is(first, 'o&') && (isUnary(second) || second.type === TYPE.sqlType)) return fold.drop(1);
  if (first.type === '(' && isUnary(second)) return dropAndStepBack(fold);
  const merged = mergePhrase(fold, first, second);
  if (merged !== undefined) return merged;
  if (pair === ';f' && /^IF/i.test(second.value)) return retype(second, TYPE.transactSql, 'again');
  if (is(first, 'nv') && second.type === '(' && NAMES_OF_FUNCTIONS.has(upper(first.value))) {
    return retype(first, TYPE.function, 'again');
  }
  if (first.type === TYPE.keyword && (isWord(first, 'IN') || isWord(first, 'NOT IN'))) {
    return retype(first, second.type === '(' ? TYPE.operator : TYPE.bareword, 'again');
  }
  if (first.type === TYPE.operator && (isWord(first, 'LIKE') || isWord(first, 'NOT LIKE'))) {
    return second.type === '(' ? retype(first, TYPE.function, 'on') : 'on';
  }
  if (first.type === TYPE.sqlType && is(second, 'n1t(fvs')) {
    fold.put(0, second);
    return fold.drop(1);
  }
  if (pair === 'An') return foldCollation(fold, second);
  if (first.type === TYPE.backslash) return foldBackslash(fold, first, second);
  if (pair === '((' || pair === '))') return fold.drop(1);
  if (pair === '{n') return foldBrace(fold, second);
  return second.type === '}' ? fold.drop(1) : 'on';
}

/** Puts the third token in the place of the second, a sign. */
function dropSign(fold: Fold, third: Token, count: number): Outcome {
  fold.put(1, third);
  return fold.drop(count);
}

/** What computes to one value: `1+a`, `a,b`, and signs with something between them. Each type is one letter. */
function isOneValue(first: string, second: string, third: string): boolean {
  if (first === 'o') return third === 'o' && second !== '(';
  if (first === '&') return third === '&';
  if (second === ',') return 'n1sv'.includes(first) && 'n1sv'.includes(third);
  if (second !== 'o') return false;
  return 'n1'.includes(first) ? '1n'.includes(third) : first === 'v' && 'v1n'.includes(third);
}

function foldThree(fold: Fold): Outcome {
  const first = fold.at(0);
  const second = fold.at(1);
  const third = fold.at(2);
  // No rule below asks for more: most of what plain text makes ends here.
  if (!is(first, 'o&') && !is(second, 'o,.(')) return undefined;
  const row = first.type + second.type + third.type;
  if (isOneValue(first.type, second.type, third.type)) return fold.drop(2);
  if (
    third.type === TYPE.sqlType &&
    second.value === '::' &&
    is(first, 'n1vs') &&
    second.type === TYPE.operator
  )
    return fold.drop(2);
  if (isUnary(second)) {
    if (is(first, 'EB,') && third.type === '(') return dropSign(fold, third, 1);
    if (is(first, 'kEB') && is(third, '1nvsf')) return dropSign(fold, third, 1);
    // `1,-1` is `1`: one token more goes, so that what stood before the comma is looked at again.
    if (first.type === ',' && is(third, '1nvs')) return dropSign(fold, third, 3);
    if (first.type === ',' && third.type === TYPE.function) return dropSign(fold, third, 1);
  }
  if (row === 'n.n') return fold.drop(2);
  if (row === 'E.n') return dropSign(fold, third, 1);
  // USER() has no argument: with one it is no function.
  if (/^f\([^)]$/s.test(row) && isWord(first, 'USER')) first.type = TYPE.bareword;
  return undefined;
}

/** Folds until nothing changes; false when a token turned out to be evil. */
function run(fold: Fold): boolean {
  for (;;) {
    fold.foldFive();
    if (!fold.hasMore || fold.left >= LIMIT) {
      fold.left = fold.end;
      return true;
    }
    if (!fold.fill(2)) {
      fold.left = fold.end;
      continue;
    }
    const two = foldTwo(fold);
    if (two === 'again') continue;
    if (two === undefined) return false;
    if (!fold.fill(3)) {
      fold.left = fold.end;
      continue;
    }
    if (foldThree(fold) === undefined) fold.left++;
  }
}

/** The folded row: 0 to 5 tokens, a comment at the end kept if there is room. */
export function foldSql(source: SqlTokenizer): Token[] {
  const fold = new Fold(source);
  if (!fold.skipHead()) return [];
  if (!run(fold)) return [token(TYPE.evil, '')];
  const row = fold.tokens.slice(0, Math.min(fold.left, LIMIT));
  if (fold.left < LIMIT && fold.lastComment !== undefined) row.push(fold.lastComment);
  return row;
}
