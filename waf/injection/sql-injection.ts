/** Whether a value would change the meaning of an SQL statement that it is pasted into. */
import { SQL_FINGERPRINTS } from './sql-fingerprints.ts';
import { fingerprintOf, foldSql } from './sql-fold.ts';
import { type Token, TYPE, upper } from './sql-token.ts';
import { type Context, type Dialect, SqlTokenizer } from './sql-tokenizer.ts';

interface Reading {
  readonly tokens: readonly Token[];
  /** Tokens in the value before folding, comments included. */
  readonly count: number;
  readonly fingerprint: string;
  /** MySQL would read it otherwise. */
  readonly isAmbiguous: boolean;
}

/** An unclosed empty backtick at the end is a comment to old PHP. */
function commentForTick(tokens: Token[]): void {
  const last = tokens.at(-1);
  if (tokens.length <= 2 || last?.type !== TYPE.bareword || last.value !== '') return;
  if (last.opened === '`' && last.closed === '') last.type = TYPE.comment;
}

function read(value: string, dialect: Dialect, context: Context): Reading {
  const source = new SqlTokenizer(value, dialect, context);
  const tokens = foldSql(source);
  commentForTick(tokens);
  const row = fingerprintOf(tokens, tokens.length);
  const fingerprint = row.includes(TYPE.evil) ? TYPE.evil : row;
  return { tokens, count: source.count, fingerprint, isAmbiguous: source.isAmbiguous };
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
function isAttackOfThree({ tokens, count, fingerprint }: Reading): boolean {
  if (fingerprint === 'sos' || fingerprint === 's&s') return isBetweenStrings(tokens);
  if (['s&n', 'n&1', '1&1', '1&v', '1&s'].includes(fingerprint)) return count !== 3;
  const middle = tokens[1]!;
  return middle.type !== TYPE.keyword || (middle.value.length >= 5 && upper(middle.value).startsWith('INTO'));
}

function isAttack(value: string, reading: Reading): boolean {
  const { fingerprint } = reading;
  if (fingerprint === TYPE.evil) return true;
  if (!SQL_FINGERPRINTS.has(upper(fingerprint))) return false;
  // SQL Server keeps statements that mention sp_password out of its log: attackers hide behind it.
  if (fingerprint.length > 1 && fingerprint.endsWith(TYPE.comment) && value.includes('sp_password'))
    return true;
  if (fingerprint.length === 2) return isShortAttack(value, reading);
  return fingerprint.length !== 3 || isAttackOfThree(reading);
}

/** Reads in one context as ANSI SQL, then as MySQL where that differs. */
function fingerprintIn(value: string, context: Context): string | undefined {
  const ansi = read(value, 'ansi', context);
  if (isAttack(value, ansi)) return ansi.fingerprint;
  if (!ansi.isAmbiguous) return undefined;
  const mysql = read(value, 'mysql', context);
  return isAttack(value, mysql) ? mysql.fingerprint : undefined;
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
  const double = read(value, 'mysql', '"');
  return isAttack(value, double) ? double.fingerprint : undefined;
}
