/** `@verifyCC`, `@verifySSN`, `@verifyCPF`, `@verifySVNR`: numbers found by a pattern whose check digits are right. */
import type { CompiledPattern, Operator } from './operator.ts';

/** So many places of a value are looked at: data of cards comes in tables, not in megabytes. */
const PLACES = 1_000;

/** Asks `isValid` about each thing that the pattern finds, overlapping ones included. */
function findsValid(
  pattern: CompiledPattern,
  value: string,
  isValid: (digits: readonly number[]) => boolean,
): boolean {
  let rest = value;
  for (let place = 0; place < PLACES; place++) {
    const found = pattern.exec(rest)?.[0];
    if (found === undefined || found === '') return false;
    if (isValid(digitsOf(found))) return true;
    rest = rest.slice(rest.indexOf(found) + 1);
  }
  return false;
}

const digitsOf = (text: string): number[] => [...text.replace(/[^0-9]/g, '')].map(Number);

/** ISO/IEC 7812-1, annex B (Luhn): every second digit from the right doubled. */
function isCardNumber(digits: readonly number[]): boolean {
  if (digits.length < 2) return false;
  const sum = digits.toReversed().reduce((total, digit, at) => {
    const doubled = at % 2 === 1 ? digit * 2 : digit;
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}

const numberOf = (digits: readonly number[]): number => Number(digits.join(''));

/** Social Security Administration: area 001..899 but 666, group and serial not 0; no row or run of one digit. */
function isSocialSecurityNumber(digits: readonly number[]): boolean {
  if (digits.length !== 9) return false;
  const isRow = digits.every((digit, at) => at === 0 || digit === digits[at - 1]! + 1);
  const isRun = digits.every(digit => digit === digits[0]);
  const [area, group, serial] = [digits.slice(0, 3), digits.slice(3, 5), digits.slice(5)].map(numberOf);
  return !isRow && !isRun && area! > 0 && area! < 740 && area !== 666 && group! > 0 && serial! > 0;
}

const weigh = (digits: readonly number[], weights: readonly number[]): number =>
  weights.reduce((sum, weight, at) => sum + weight * digits[at]!, 0);

/** Receita Federal: two check digits modulo 11. */
function isTaxpayerNumber(digits: readonly number[]): boolean {
  if (digits.length !== 11 || digits.every(digit => digit === digits[0])) return false;
  const check = (count: number): number => {
    const rest =
      (weigh(
        digits,
        Array.from({ length: count }, (_, at) => count + 1 - at),
      ) *
        10) %
      11;
    return rest === 10 ? 0 : rest;
  };
  return check(9) === digits[9] && check(10) === digits[10];
}

/** Sozialversicherung: the fourth digit checks the others modulo 11. */
function isInsuranceNumber(digits: readonly number[]): boolean {
  return digits.length === 10 && weigh(digits, [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 === digits[3];
}

const verification = (
  name: string,
  what: string,
  isValid: (digits: readonly number[]) => boolean,
): Operator => ({
  name,
  doc: `Matches values in which the pattern finds ${what}.`,
  compile(argument, context) {
    const pattern = context.compilePattern(argument);
    return { match: value => findsValid(pattern, value, isValid) };
  },
});

export const verifyCC = verification('verifyCC', 'a valid card number (Luhn)', isCardNumber);
export const verifySSN = verification(
  'verifySSN',
  'a valid US social security number',
  isSocialSecurityNumber,
);
export const verifyCPF = verification('verifyCPF', 'a valid Brazilian taxpayer number', isTaxpayerNumber);
export const verifySVNR = verification('verifySVNR', 'a valid Austrian insurance number', isInsuranceNumber);
