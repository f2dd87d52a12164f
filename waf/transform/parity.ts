/** `t:parityEven7bit`, `t:parityOdd7bit`, `t:parityZero7bit`: bit 7 set from the parity of the other bits, or cleared. */
import type { Transform } from './transform.ts';

/** Bit n tells whether the number n (0..15) has an odd number of ones. */
const ODD_ONES = 0x6996;

const hasOddOnes = (byte: number): boolean => ((ODD_ONES >> ((byte ^ (byte >> 4)) & 15)) & 1) === 1;

function eachByte(value: string, rewrite: (byte: number) => number): string {
  const bytes = Buffer.from(value, 'latin1');
  for (let at = 0; at < bytes.length; at++) bytes[at] = rewrite(bytes[at]!);
  return bytes.toString('latin1');
}

export const parityEven7bit: Transform = {
  name: 'parityEven7bit',
  doc: 'Sets or clears bit 7 of each byte so that its ones are even.',
  run: value => eachByte(value, byte => (hasOddOnes(byte) ? byte | 0x80 : byte & 0x7f)),
};

export const parityOdd7bit: Transform = {
  name: 'parityOdd7bit',
  doc: 'Sets or clears bit 7 of each byte so that its ones are odd.',
  run: value => eachByte(value, byte => (hasOddOnes(byte) ? byte & 0x7f : byte | 0x80)),
};

export const parityZero7bit: Transform = {
  name: 'parityZero7bit',
  doc: 'Clears bit 7 of each byte.',
  run: value => eachByte(value, byte => byte & 0x7f),
};
