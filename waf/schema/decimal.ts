/** Decimal numbers of any length, as texts: a stranger says how long they are, so nothing but digits is compared. */

interface Decimal {
  readonly sign: -1 | 0 | 1;
  /** Without zeros before it. */
  readonly whole: string;
  /** Without zeros after it. */
  readonly fraction: string;
}

function read(value: string): Decimal {
  const [, sign = '', digits = '', after = ''] = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(value)!;
  const whole = digits.slice(zerosBefore(digits));
  const fraction = after.slice(0, after.length - zerosAfter(after));
  return { sign: whole === '' && fraction === '' ? 0 : sign === '-' ? -1 : 1, whole, fraction };
}

function zerosBefore(digits: string): number {
  let count = 0;
  while (digits[count] === '0') count++;
  return count;
}

function zerosAfter(digits: string): number {
  let count = 0;
  while (digits[digits.length - 1 - count] === '0') count++;
  return count;
}

export function compareDecimals(one: string, other: string): number {
  const [a, b] = [read(one), read(other)];
  if (a.sign !== b.sign) return a.sign - b.sign;
  if (a.whole.length !== b.whole.length) return a.sign * (a.whole.length - b.whole.length);
  const [left, right] = [`${a.whole}.${a.fraction}`, `${b.whole}.${b.fraction}`];
  return left === right ? 0 : left < right ? -a.sign : a.sign;
}

export function canonicalDecimal(value: string): string {
  const { sign, whole, fraction } = read(value);
  return sign === 0 ? '0' : `${sign < 0 ? '-' : ''}${whole}.${fraction}`;
}

export function decimalDigits(value: string): { total: number; fraction: number } {
  const { whole, fraction } = read(value);
  return { total: Math.max(1, whole.length + fraction.length), fraction: fraction.length };
}
