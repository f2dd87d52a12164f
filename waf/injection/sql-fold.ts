/**
 * Folds tokens of SQL to at most five: what a database computes by itself (`1+1`, `a,b`, doubled signs) takes the place
 * of one token, so that an attack keeps its shape however it is dressed.
 *
 * Source: N. Galbreath, "libinjection", Black Hat USA 2012.
 */
import { Fold, LIMIT, type Outcome } from './sql-fold-row.ts';
import { isArithmetic, isUnary, isWord, type Token, TYPE, token, typesOf, VALUE_LIMIT } from './sql-token.ts';
import type { SqlTokenizer } from './sql-tokenizer.ts';
import { beginsPhrase, wordType } from './word-table.ts';

/** Types that may be halves of a phrase (`UNION` + `ALL`). */
const PHRASE_HEADS = typesOf('knoUfETt');
const PHRASE_TAILS = typesOf('knoUfETt&');

/** Sets of types that rules name. */
const [SIGNS, JOINTS] = [typesOf('o&'), typesOf('o,.(')];
const [TWICE, PARENTHESES] = [typesOf('s;'), typesOf('()')];
const [TYPED, CALLABLE] = [typesOf('n1t(fvs'), typesOf('nv')];
const [VALUES, RESULTS, NUMBERS, LISTED] = [typesOf('1nvs'), typesOf('1nvsf'), typesOf('n1'), typesOf('v1n')];
const [BEFORE_CALLS, BEFORE_SIGNS] = [typesOf('EB,'), typesOf('kEB')];

/** Names that are functions when parentheses follow, in some database. */
const NAMES_OF_FUNCTIONS = [
  ...['USER_ID', 'USER_NAME', 'DATABASE', 'PASSWORD', 'USER', 'CURRENT_USER', 'CURRENT_DATE'],
  ...['CURRENT_TIME', 'CURRENT_TIMESTAMP', 'LOCALTIME', 'LOCALTIMESTAMP'],
];

/** Takes the last token away and looks again one token before. */
function dropAndStepBack(fold: Fold): Outcome {
  fold.end--;
  fold.left = Math.max(fold.left - 1, 0);
  return 'again';
}

function mergePhrase(fold: Fold, first: Token, second: Token): Outcome {
  if (first.length < 2 || !beginsPhrase(first.source, first.from, first.from + first.length))
    return undefined;
  const phrase = `${first.value} ${second.value}`;
  const type = phrase.length <= VALUE_LIMIT ? wordType(phrase, 0, phrase.length) : 0;
  if (type === 0) return undefined;
  fold.tokens[fold.left] = token(type, phrase);
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

function retype(changed: Token, type: number, outcome: Outcome): Outcome {
  changed.type = type;
  return outcome;
}

/** The first rule whose condition holds decides; undefined when none does. */
function foldTwo(fold: Fold): Outcome {
  const first = fold.at(0);
  const second = fold.at(1);
  const { type: one } = first;
  const { type: two } = second;
  if (one === two && one & TWICE) {
    fold.end--;
    return 'again';
  }
  if (one & SIGNS && (two === TYPE.sqlType || isUnary(second))) return fold.drop(1);
  if (one === TYPE.leftParenthesis && isUnary(second)) return dropAndStepBack(fold);
  if (one & PHRASE_HEADS && two & PHRASE_TAILS) {
    const merged = mergePhrase(fold, first, second);
    if (merged !== undefined) return merged;
  }
  return foldWord(first, second) ?? foldMark(fold, first, second);
}

/** Rules about what certain words are before something else. */
function foldWord(first: Token, second: Token): Outcome {
  const { type: one } = first;
  const { type: two } = second;
  if (one === TYPE.semicolon && two === TYPE.function && /^IF/i.test(second.value))
    return retype(second, TYPE.transactSql, 'again');
  const isCall = two === TYPE.leftParenthesis;
  if (one & CALLABLE) {
    const isFunction = isCall && NAMES_OF_FUNCTIONS.some(name => isWord(first, name));
    return isFunction ? retype(first, TYPE.function, 'again') : undefined;
  }
  if (one === TYPE.keyword && (isWord(first, 'IN') || isWord(first, 'NOT IN')))
    return retype(first, isCall ? TYPE.operator : TYPE.bareword, 'again');
  if (one === TYPE.operator && (isWord(first, 'LIKE') || isWord(first, 'NOT LIKE')))
    return isCall ? retype(first, TYPE.function, 'on') : 'on';
  return undefined;
}

/** Rules about types, backslashes, parentheses and braces. */
function foldMark(fold: Fold, first: Token, second: Token): Outcome {
  const { type: one } = first;
  const { type: two } = second;
  if (one === TYPE.sqlType && two & TYPED) {
    fold.put(0, second);
    return fold.drop(1);
  }
  if (one === TYPE.collate && two === TYPE.bareword) return foldCollation(fold, second);
  if (one === TYPE.backslash) return foldBackslash(fold, first, second);
  if (one === two && one & PARENTHESES) return fold.drop(1);
  if (one === TYPE.leftBrace && two === TYPE.bareword) return foldBrace(fold, second);
  return two === TYPE.rightBrace ? fold.drop(1) : 'on';
}

/** Puts the third token in the place of the second, a sign. */
function dropSign(fold: Fold, third: Token, count: number): Outcome {
  fold.put(1, third);
  return fold.drop(count);
}

/** What computes to one value: `1+a`, `a,b`, and signs with something between them. */
function isOneValue(first: number, second: number, third: number): boolean {
  if (first === TYPE.operator) return third === TYPE.operator && second !== TYPE.leftParenthesis;
  if (first === TYPE.logicOperator) return third === TYPE.logicOperator;
  if (second === TYPE.comma) return (first & VALUES) !== 0 && (third & VALUES) !== 0;
  if (second !== TYPE.operator) return false;
  if (first & NUMBERS) return (third & NUMBERS) !== 0;
  return first === TYPE.variable && (third & LISTED) !== 0;
}

/** A sign between two others that does not make a value of them. */
function foldSign(fold: Fold, first: number, third: Token): Outcome {
  const { type } = third;
  if (first & BEFORE_CALLS && type === TYPE.leftParenthesis) return dropSign(fold, third, 1);
  if (first & BEFORE_SIGNS && type & RESULTS) return dropSign(fold, third, 1);
  if (first !== TYPE.comma) return undefined;
  // `1,-1` is `1`: one token more goes, so that what stood before the comma is looked at again.
  if (type & VALUES) return dropSign(fold, third, 3);
  return type === TYPE.function ? dropSign(fold, third, 1) : undefined;
}

function foldThree(fold: Fold): Outcome {
  const first = fold.at(0);
  const second = fold.at(1);
  const { type: one } = first;
  const { type: two } = second;
  // No rule below asks for more: most of what plain text makes ends here.
  if (!(one & SIGNS) && !(two & JOINTS)) return undefined;
  const third = fold.at(2);
  const { type: three } = third;
  if (isOneValue(one, two, three)) return fold.drop(2);
  if (two === TYPE.operator) {
    if (three === TYPE.sqlType && one & VALUES && isWord(second, '::')) return fold.drop(2);
    if (isUnary(second)) {
      const folded = foldSign(fold, one, third);
      if (folded !== undefined) return folded;
    }
  }
  if (two === TYPE.dot && three === TYPE.bareword) {
    if (one === TYPE.bareword) return fold.drop(2);
    if (one === TYPE.expression) return dropSign(fold, third, 1);
  }
  // USER() has no argument: with one it is no function.
  const isCall = one === TYPE.function && two === TYPE.leftParenthesis;
  if (isCall && three !== TYPE.rightParenthesis && isWord(first, 'USER')) first.type = TYPE.bareword;
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
