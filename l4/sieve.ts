/** Places in the data plane that follow from an address: its bit in the sieve, so that a stranger's packet costs one look, and an endpoint's slot. */
import { addressBytes } from './address.ts';
import { ADDRESS, ENDPOINT_SLOT_BITS, SIEVE_BITS, STRUCTS } from './layout.ts';

const FACTORS = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f] as const;
const PORT_FACTOR = 0x165667b1;

/** As sum_of_address() and upper_bits() in l4/bpf/headers.h. @param address 16 bytes */
const sumOfAddress = (address: DataView): number =>
  FACTORS.reduce((total, factor, at) => (total + Math.imul(address.getUint32(4 * at, true), factor)) | 0, 0);

const upperBits = (sum: number, bits: number): number =>
  Math.imul(sum ^ (sum >>> 15), FACTORS[0]) >>> (32 - bits);

/** As sieve_bit() there. @param address 16 bytes @returns 0 to 2 ** SIEVE_BITS - 1 */
export const sieveBit = (address: Uint8Array): number =>
  upperBits(sumOfAddress(new DataView(address.buffer, address.byteOffset)), SIEVE_BITS);

/** As endpoint_slot_of() there. @param key a struct endpoint_key @returns 0 to 2 ** ENDPOINT_SLOT_BITS - 1 */
export function endpointSlotOf(key: Uint8Array): number {
  const view = new DataView(key.buffer, key.byteOffset);
  const { port, protocol } = STRUCTS.endpoint_key.fields;
  const portAndProtocol = (view.getUint8(protocol[0]) << 16) | view.getUint16(port[0], true);
  return upperBits((sumOfAddress(view) + Math.imul(portAndProtocol, PORT_FACTOR)) | 0, ENDPOINT_SLOT_BITS);
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
