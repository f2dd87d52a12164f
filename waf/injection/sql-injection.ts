/** Whether a value would change the meaning of an SQL statement that it is pasted into. */
import { ATTACKS } from './sql-fingerprints.ts';
import { foldSql } from './sql-fold.ts';
import { fingerprintOf, rowNumber, rowOf, type Token, TYPE } from './sql-token.ts';
import { type Context, type Dialect, SqlTokenizer } from './sql-tokenizer.ts';

/** Rows of quoted text alone, and those that plain text makes as well. */
const BETWEEN_STRINGS: readonly number[] = ['sos', 's&s'].map(rowNumber);
const PLAIN: readonly number[] = ['s&n', 'n&1', '1&1', '1&v', '1&s'].map(rowNumber);

interface Reading {
  readonly tokens: readonly Token[];
  /** Tokens in the value before folding, comments included. */
  readonly count: number;
  /** The types of the tokens. */
  readonly row: number;
  /** MySQL would read it otherwise. */
  readonly isAmbiguous: boolean;
}

/** An unclosed empty backtick at the end is a comment to old PHP. */
function commentForTick(tokens: Token[]): void {
  const last = tokens.at(-1);
  if (tokens.length <= 2 || last?.type !== TYPE.bareword || last.length > 0) return;
  if (last.opened === '`' && last.closed === '') last.type = TYPE.comment;
}

function read(value: string, dialect: Dialect, context: Context): Reading {
  const source = new SqlTokenizer(value, dialect, context);
  const tokens = foldSql(source);
  commentForTick(tokens);
  const row = rowOf(tokens, tokens.length);
  return { tokens, count: source.count, row, isAmbiguous: source.isAmbiguous };
}

/** Numbers with a comment after them: `1234--` yes, `1234-ABCD--` (an identifier) no. */
function isNumberThenComment(value: string, { tokens, count }: Reading): boolean {
  if (tokens[1]!.value[0] === '/' || count > 2) return true;
  const after = value.slice(tokens[0]!.value.length);
  return after === '' || after.charCodeAt(0) <= 32 || after.charCodeAt(0) > 127 || /^(?:\/\*|--)/.test(after);
}

/** Rows of two are so short that plain text makes them as well. */
function isShortAttack(value: string, reading: Reading): boolean {
  const [first, second] = reading.tokens as readonly [Token, Token];
  if (second.type === TYPE.union) return reading.count !== 2;
  if (second.value[0] === '#') return false;
  if (second.type === TYPE.comment && first.type === TYPE.bareword && second.value[0] !== '/') return false;
  if (second.type === TYPE.comment && first.type === TYPE.number) return isNumberThenComment(value, reading);
  return !(second.value.length > 2 && second.value[0] === '-');
}

/** `foo' + 'bar` between quotes that are not in the value is an attack; quoted words joined by an operator are not. */
const isBetweenStrings = ([first, , third]: readonly Token[]): boolean =>
  first!.opened === '' && third!.closed === '' && first!.closed === third!.opened;

/** `sexy and 17` is none, `sexy and 17<18` is; a keyword in the middle must be INTO OUTFILE and its like. */
function isAttackOfThree({ tokens, count, row }: Reading): boolean {
  if (BETWEEN_STRINGS.includes(row)) return isBetweenStrings(tokens);
  if (PLAIN.includes(row)) return count !== 3;
  const middle = tokens[1]!;
  return middle.type !== TYPE.keyword || (middle.length >= 5 && /^INTO/i.test(middle.value));
}

const isEvil = (tokens: readonly Token[]): boolean => tokens.some(({ type }) => type === TYPE.evil);

function isAttack(value: string, reading: Reading): boolean {
  const { tokens, row } = reading;
  if (isEvil(tokens)) return true;
  if (!ATTACKS.has(row)) return false;
  // SQL Server keeps statements that mention sp_password out of its log: attackers hide behind it.
  if (tokens.length > 1 && tokens.at(-1)!.type === TYPE.comment && value.includes('sp_password')) return true;
  if (tokens.length === 2) return isShortAttack(value, reading);
  return tokens.length !== 3 || isAttackOfThree(reading);
}

const fingerprintIf = (value: string, reading: Reading): string | undefined =>
  isAttack(value, reading) ? (isEvil(reading.tokens) ? 'X' : fingerprintOf(reading.tokens)) : undefined;

/** Reads in one context as ANSI SQL, then as MySQL where that differs. */
function fingerprintIn(value: string, context: Context): string | undefined {
  const ansi = read(value, 'ansi', context);
  const found = fingerprintIf(value, ansi);
  return found !== undefined || !ansi.isAmbiguous
    ? found
    : fingerprintIf(value, read(value, 'mysql', context));
}

/**
 * Reads the value as it stands, and as if it stood in single or double quotes.
 * Linear in the length of the value; reads no further than five folded tokens need.
 *
 * @param value one-byte string
 * @returns the fingerprint of the attack, 1 to 5 letters (see `TYPE`), or undefined
 */
export function sqlInjection(value: string): string | undefined {
  const plain = fingerprintIn(value, '');
  if (plain !== undefined) return plain;
  const single = value.includes("'") ? fingerprintIn(value, "'") : undefined;
  if (single !== undefined || !value.includes('"')) return single;
  return fingerprintIf(value, read(value, 'mysql', '"'));
}
