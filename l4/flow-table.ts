/** The flow table as it lies in its map: buckets of a line of tags and their slots (l4/bpf/table.h). */
import type { BpfMap } from '#native/bpf.ts';
import { BUCKET_FLOWS, BUCKET_SLOTS, STRUCTS } from './layout.ts';

const { slot: SLOT, flow_key: KEY, flow_bucket: BUCKET } = STRUCTS;
const TAGS_AT = BUCKET.fields.tags[0];
const SLOTS_AT = BUCKET.fields.slots[0];
const SLOTS_END = SLOTS_AT + BUCKET_SLOTS * SLOT.size;

/** Buckets of a table for so many flows. */
export const bucketsFor = (flows: number): number => Math.ceil(flows / BUCKET_FLOWS);

/** A flow where it lies. All are views that are good until the next step. */
export interface SlotView {
  readonly key: Uint8Array;
  readonly flow: Uint8Array;
  /** All that the bucket holds. */
  readonly bucket: Uint8Array;
  /** The bucket's key in the map. */
  readonly index: Uint8Array;
}

/** What stands in the table, while others may change it: a flow that comes or goes meanwhile may be missed. */
export function* readSlots(flows: BpfMap): Generator<SlotView> {
  for (const [index, bucket] of flows.entries()) {
    const tags = new Uint32Array(bucket.buffer, bucket.byteOffset + TAGS_AT, BUCKET_SLOTS);
    for (let slot = 0; slot < BUCKET_SLOTS; slot++) {
      if (tags[slot] === 0) continue;
      const at = SLOTS_AT + slot * SLOT.size;
      yield {
        key: bucket.subarray(at, at + KEY.size),
        flow: bucket.subarray(at + KEY.size, at + SLOT.size),
        bucket: bucket.subarray(0, SLOTS_END),
        index,
      };
    }
  }
}
