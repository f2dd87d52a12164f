/** Where a fence stands, and what is written in its maps (bpf/fence.bpf.c). */

/** In tc, behind the director's: what that forwards is not heard by this host. */
export const FENCE_PRIORITY = 50;
export const POINTS = [
  { point: 'ingress', program: 'fence_inward' },
  { point: 'egress', program: 'fence_outward' },
] as const;
export const RIGHT = 'fence_right';
export const ADDRESSES = 'fence_addresses';
export const NS_PER_MS = 1e6;
const KEY_BYTES = 16;
const RIGHT_BYTES = 16;

/** @param address 4 or 16 bytes */
export function keyOf(address: Uint8Array): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  key.set(address, KEY_BYTES - address.length);
  if (address.length === 4) key.fill(0xff, 10, 12);
  return key;
}

/** From when until when it is closed: ns of CLOCK_MONOTONIC. */
export const rightBytes = (untilNs: bigint, overNs: bigint): Uint8Array =>
  new Uint8Array(new BigUint64Array([untilNs, overNs]).buffer);

export function readRight(read: (into: Uint8Array) => void): { untilMs: number; overMs: number } {
  const bytes = new Uint8Array(RIGHT_BYTES);
  read(bytes);
  const [untilNs = 0n, overNs = 0n] = new BigUint64Array(bytes.buffer);
  return { untilMs: Number(untilNs) / NS_PER_MS, overMs: Number(overNs) / NS_PER_MS };
}
