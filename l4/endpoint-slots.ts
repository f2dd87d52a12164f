/**
 * The slots where the data plane looks for an endpoint first. What stands in none is found in the map of endpoints, so they may be behind
 * it, but never name a service that an endpoint has no more.
 */
import type { BpfMap } from '#native/bpf.ts';
import { STRUCTS } from './layout.ts';
import { endpointSlotOf } from './sieve.ts';
import { encode, readNumber } from './struct.ts';

const { endpoint_key: KEY, endpoint_slot: SLOT } = STRUCTS;

/** After it stands in the map. @param key a struct endpoint_key */
export function putInSlot(slots: BpfMap, key: Uint8Array, service: number): void {
  const { at, isFree, isOwn } = lookAt(slots, key);
  if (!isFree && !isOwn) return;
  // The program reads the service before the key: between two keys there is none.
  if (!isOwn) slots.put(at, slotBytes(key, 0));
  slots.put(at, slotBytes(key, service));
}

/** Before it leaves the map. */
export function takeFromSlot(slots: BpfMap, key: Uint8Array): void {
  const { at, isOwn } = lookAt(slots, key);
  if (isOwn) slots.put(at, slotBytes(key, 0));
}

function lookAt(slots: BpfMap, key: Uint8Array): { at: Uint8Array; isFree: boolean; isOwn: boolean } {
  const at = new Uint8Array(new Uint32Array([endpointSlotOf(key)]).buffer);
  const standing = new Uint8Array(SLOT.size);
  slots.get(at, standing);
  const isFree = readNumber(SLOT, standing, 'service') === 0;
  return { at, isFree, isOwn: Buffer.compare(standing.subarray(0, KEY.size), key) === 0 };
}

function slotBytes(key: Uint8Array, service: number): Uint8Array {
  const bytes = new Uint8Array(SLOT.size);
  bytes.set(key);
  return encode(SLOT, { service }, bytes);
}
