/** The sieve of the data plane: a bit for each address that means something, so that a stranger's packet costs one look. */
import { addressBytes } from './address.ts';
import { ADDRESS, SIEVE_BITS, STRUCTS } from './layout.ts';

const FACTORS = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f] as const;

/** As sieve_bit() in l4/bpf/headers.h. @param address 16 bytes @returns 0 to 2 ** SIEVE_BITS - 1 */
export function sieveBit(address: Uint8Array): number {
  const view = new DataView(address.buffer, address.byteOffset);
  const sum = FACTORS.reduce(
    (total, factor, at) => (total + Math.imul(view.getUint32(4 * at, true), factor)) | 0,
    0,
  );
  return Math.imul(sum ^ (sum >>> 15), FACTORS[0]) >>> (32 - SIEVE_BITS);
}

/** @param meanings kinds: ADDRESS bits @returns a struct sieve */
export function sieveOf(meanings: Iterable<readonly [address: string, kinds: number]>): Uint8Array {
  const { size, fields } = STRUCTS.sieve;
  const sieve = new Uint8Array(size);
  for (const [address, kinds] of meanings) {
    const bit = sieveBit(addressBytes(address));
    const byte = bit >> 3;
    const mask = 1 << (bit & 7);
    if (kinds & (ADDRESS.virtual | ADDRESS.source)) sieve[fields.to[0] + byte]! |= mask;
    if (kinds & ADDRESS.real) sieve[fields.from[0] + byte]! |= mask;
  }
  return sieve;
}
