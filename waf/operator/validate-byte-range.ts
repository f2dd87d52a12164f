/** `@validateByteRange`: bytes that a value should not hold. */
import { signsOf } from '../signs.ts';
import { type Operator, OperatorFault } from './operator.ts';

function rangeOf(text: string): readonly [number, number] {
  const [, first, last = first] = /^\s*([0-9]+)(?:\s*-\s*([0-9]+))?\s*$/.exec(text) ?? [];
  const range = [Number(first), Number(last)] as const;
  if (first !== undefined && range[0] <= range[1] && range[1] <= 255) return range;
  throw new OperatorFault(`"${text}" is no range of bytes`, 'write ranges like 9,10,13,32-126 within 0-255');
}

/** Shape [256]: 1 for the bytes of the ranges. */
function allowedBytes(argument: string): Uint8Array {
  const allowed = new Uint8Array(256);
  for (const part of argument.split(',')) {
    const [first, last] = rangeOf(part);
    allowed.fill(1, first, last + 1);
  }
  return allowed;
}

const refusedBytes = (allowed: Uint8Array): string =>
  Array.from(allowed, (flag, byte) => (flag === 0 ? String.fromCharCode(byte) : '')).join('');

export const validateByteRange: Operator = {
  name: 'validateByteRange',
  doc: 'Matches values with a byte outside of the ranges.',
  compile(argument) {
    const allowed = allowedBytes(argument);
    return {
      signs: [signsOf(refusedBytes(allowed))],
      match(value) {
        for (let at = 0; at < value.length; at++) if (allowed[value.charCodeAt(at)] === 0) return true;
        return false;
      },
    };
  },
};
