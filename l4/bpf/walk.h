/* A walk through one part of the table of flows, by a program that says in look_at_flow() what is done with each. */
#ifndef MOAT_WALK_H
#define MOAT_WALK_H

#include "table.h"

/* What such a program knows on its way begins with this. */
struct walk {
  __u32 first, bucket;
};

static int look_at_flow(const struct flow_key *key, struct flow *flow, struct walk *walk);

INLINE int is_empty(const struct flow_bucket *bucket) {
  const __u64 *pairs = (const __u64 *)&bucket->round;
  __u64 tags = 0;
#pragma unroll
  for (int at = 1; at <= BUCKET_SLOTS / 2; at++) tags |= pairs[at];
  return !tags;
}

static long look_at_slot(__u32 at, struct walk *walk) {
  struct flow_bucket *bucket = bucket_at(walk->bucket);
  if (!bucket || at >= BUCKET_SLOTS || !bucket->tags[at]) return 0;
  struct flow_key key = bucket->slots[at].key;
  return look_at_flow(&key, &bucket->slots[at].flow, walk);
}

static long look_at_bucket(__u32 at, struct walk *walk) {
  walk->bucket = walk->first + at;
  struct flow_bucket *bucket = bucket_at(walk->bucket);
  if (bucket && !is_empty(bucket)) bpf_loop(BUCKET_SLOTS, look_at_slot, walk, 0);
  return 0;
}

INLINE __u32 shard_begin(const struct flow_seed *seed, __u32 shard) { return (__u64)seed->buckets * shard / FLOW_SHARDS; }

INLINE void walk_flows(const struct flow_seed *seed, __u32 shard, struct walk *walk) {
  walk->first = shard_begin(seed, shard);
  bpf_loop(shard_begin(seed, shard + 1) - walk->first, look_at_bucket, walk, 0);
}

#endif
