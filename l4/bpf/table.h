/* The table of flows as memory: buckets of a cache line of tags, and their slots. A look takes no lock and, for dr and tun, two cache
 * lines. The kernel's hash map took more for an insertion than all the rest of a new flow. */
#ifndef MOAT_TABLE_H
#define MOAT_TABLE_H

#include "count.h"

#define EXIST 17
#define TOO_BIG 7
#define BUSY 16

/* What dr and tun read of a flow. */
#define FLOW_HEAD __builtin_offsetof(struct flow, source)
/* A bucket and its spare places, one after another. */
#define PLACES 4
/* Whoever holds a bucket holds it for some 50 ns. */
#define BUSY_TRIES 512
/* Other processors see stores and loads in their order. */
#ifdef __TARGET_ARCH_x86
#define IN_ORDER 1
#else
#define IN_ORDER 0
#endif
/* An address of a slot: 0, or one more than this. */
#define SLOT_BITS 4
_Static_assert(BUCKET_SLOTS < 1 << SLOT_BITS, "a slot's number has its bits");

/* Clients count their addresses and ports up together, and know neither start nor factor. */
INLINE __u64 flow_hash(const struct flow_seed *seed, const struct flow_key *key) {
  const __u64 *words = (const __u64 *)key;
  __u64 hash = seed->start;
#pragma unroll
  for (int at = 0; at < 5; at++) {
    hash = (hash ^ words[at]) * seed->factor;
    hash ^= hash >> 32;
  }
  return hash * seed->factor; /* once more, or the last word would move the upper half by even steps */
}
_Static_assert(sizeof(struct flow_key) == 40, "five words are hashed");

INLINE __u32 tag_of(__u64 hash) { return (__u32)(hash >> 16) | 1; }

/* Which bucket is its first, second, … place. */
INLINE __u32 place_of(const struct flow_seed *seed, __u64 hash, __u32 place) {
  __u32 drawn = (__u32)(hash >> 32) * (2 * place + 1) + (__u32)(hash >> 11) * place;
  return (__u32)((__u64)drawn * seed->buckets >> 32);
}

INLINE struct flow_bucket *bucket_at(__u32 index) { return bpf_map_lookup_elem(&flows, &index); }

INLINE struct flow_seed *get_seed(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&flow_seed, &zero);
}

INLINE int same_key(const struct flow_key *a, const struct flow_key *b) {
  const __u64 *one = (const __u64 *)a, *other = (const __u64 *)b;
  return one[4] == other[4] && one[1] == other[1] && one[3] == other[3] && one[0] == other[0] && one[2] == other[2];
}

/* The slot of a key in this bucket; BUCKET_SLOTS: it is not there. */
INLINE __u32 find_in(const struct flow_bucket *bucket, const struct flow_key *key, __u32 tag) {
  for (__u32 at = 0; at < BUCKET_SLOTS; at++)
    if (*(volatile const __u32 *)&bucket->tags[at] == tag && same_key(&bucket->slots[at].key, key)) return at;
  return BUCKET_SLOTS;
}

INLINE __u64 address_of_slot(__u32 bucket, __u32 slot) { return ((__u64)bucket << SLOT_BITS | slot) + 1; }

INLINE __u64 find_spilled(const struct flow_seed *seed, const struct flow_key *key, __u64 hash) {
  for (__u32 place = 1; place < PLACES; place++) {
    __u32 index = place_of(seed, hash, place);
    struct flow_bucket *bucket = bucket_at(index);
    __u32 slot = bucket ? find_in(bucket, key, tag_of(hash)) : BUCKET_SLOTS;
    if (slot < BUCKET_SLOTS) return address_of_slot(index, slot);
  }
  return 0;
}

/* The address of a key's slot; 0: there is none. `hash`: that of the key. *round: that of its bucket before. */
INLINE __u64 find_slot_here(const struct flow_seed *seed, const struct flow_key *key, __u64 hash, __u32 *round) {
  __u32 index = place_of(seed, hash, 0);
  struct flow_bucket *bucket = bucket_at(index);
  if (!bucket) return 0;
  *round = *(volatile __u32 *)&bucket->round;
  __u32 slot = find_in(bucket, key, tag_of(hash));
  if (slot < BUCKET_SLOTS) return address_of_slot(index, slot);
  return bucket->spilled ? find_spilled(seed, key, hash) : 0;
}

SEPARATE __u64 find_slot(const struct flow_key *key) {
  struct flow_seed *seed = get_seed();
  __u32 round;
  return key && seed ? find_slot_here(seed, key, flow_hash(seed, key), &round) : 0;
}

INLINE struct flow *flow_at(__u64 address) {
  __u32 slot = (address - 1) & ((1 << SLOT_BITS) - 1);
  struct flow_bucket *bucket = address ? bucket_at((address - 1) >> SLOT_BITS) : 0;
  return bucket && slot < BUCKET_SLOTS ? &bucket->slots[slot].flow : 0;
}

INLINE struct flow *flow_get(const struct flow_key *key) { return flow_at(find_slot(key)); }

INLINE int hold_in(struct flow_bucket *bucket, __u32 round) {
  return !(round & 1) && __sync_val_compare_and_swap(&bucket->round, round, round + 1) == round;
}

INLINE int hold(struct flow_bucket *bucket) {
  for (int turn = 0; turn < BUSY_TRIES; turn++)
    if (hold_in(bucket, *(volatile __u32 *)&bucket->round)) return 1;
  return 0;
}

INLINE void let_go(struct flow_bucket *bucket) { *(volatile __u32 *)&bucket->round = bucket->round + 1; }

/* A locked instruction waits until all that was written before stands in the cache, and a new flow's slot seldom does. */
INLINE void publish(__u32 *at, __u32 tag) {
  if (IN_ORDER) {
    asm volatile("" ::: "memory");
    *(volatile __u32 *)at = tag;
  } else {
    __sync_lock_test_and_set(at, tag);
  }
}

/* Into a bucket that is held. The tag comes last, and with it all that was written before. 0: it is full. */
INLINE int put_in(struct flow_bucket *bucket, const struct flow_key *key, const struct flow *flow, __u32 tag) {
  for (__u32 at = 0; at < BUCKET_SLOTS; at++) {
    if (*(volatile __u32 *)&bucket->tags[at]) continue;
    bucket->slots[at].key = *key;
    __builtin_memcpy(&bucket->slots[at].flow, flow, FLOW_HEAD);
    if (flow->mode == MODE_NAT || flow->mode == MODE_FULLNAT)
      __builtin_memcpy((char *)&bucket->slots[at].flow + FLOW_HEAD, (const char *)flow + FLOW_HEAD, sizeof *flow - FLOW_HEAD);
    publish(&bucket->tags[at], tag);
    return 1;
  }
  return 0;
}

/* Its own bucket is full, and held by us. Two that wait for each other's give up: another place, or no entry. */
SEPARATE int put_elsewhere(const struct flow_key *key, const struct flow *flow, __u64 hash) {
  struct flow_seed *seed = get_seed();
  if (!key || !flow || !seed) return -TOO_BIG;
  __u32 own = place_of(seed, hash, 0);
  struct flow_bucket *first = bucket_at(own);
  if (!first) return -TOO_BIG;
  __sync_fetch_and_add(&first->spilled, 1); /* before it stands there: who finds it, finds this */
  for (__u32 place = 1; place < PLACES; place++) {
    __u32 index = place_of(seed, hash, place);
    struct flow_bucket *bucket = bucket_at(index);
    if (!bucket || index == own || !hold(bucket)) continue;
    int done = put_in(bucket, key, flow, tag_of(hash));
    let_go(bucket);
    if (done) return 0;
  }
  __sync_fetch_and_add(&first->spilled, -1);
  return -TOO_BIG;
}

/* A new flow. 0, -EXIST, -TOO_BIG where there is no room, or -BUSY. Of two CPUs with the same key one comes first: both hold its
 * bucket. */
SEPARATE int flow_insert(const struct flow_key *key, const struct flow *flow) {
  struct flow_seed *seed = get_seed();
  if (!key || !flow || !seed) return -TOO_BIG;
  __u64 hash = flow_hash(seed, key);
  struct flow_bucket *bucket = bucket_at(place_of(seed, hash, 0));
  if (!bucket) return -TOO_BIG;
  if (!hold(bucket)) return -BUSY;
  int failed = 0;
  if (find_in(bucket, key, tag_of(hash)) < BUCKET_SLOTS || (bucket->spilled && find_spilled(seed, key, hash))) failed = -EXIST;
  else if (!put_in(bucket, key, flow, tag_of(hash))) failed = put_elsewhere(key, flow, hash);
  let_go(bucket);
  return failed;
}

/* The same for a key that was looked for in vain: where its bucket is in the same round, it is not there now either. */
INLINE int flow_insert_missed(const struct flow_key *key, const struct flow *flow, __u64 hash, __u32 round) {
  struct flow_seed *seed = get_seed();
  if (!seed) return -TOO_BIG;
  struct flow_bucket *bucket = bucket_at(place_of(seed, hash, 0));
  if (!bucket) return -TOO_BIG;
  if (!IN_ORDER || !hold_in(bucket, round)) return flow_insert(key, flow);
  int failed = put_in(bucket, key, flow, tag_of(hash)) ? 0 : put_elsewhere(key, flow, hash);
  let_go(bucket);
  return failed;
}

SEPARATE int flow_delete(const struct flow_key *key) {
  struct flow_seed *seed = get_seed();
  if (!key || !seed) return 0;
  __u32 round;
  __u64 hash = flow_hash(seed, key), address = find_slot_here(seed, key, hash, &round);
  if (!address) return 0;
  __u32 own = place_of(seed, hash, 0), index = (address - 1) >> SLOT_BITS, slot = (address - 1) & ((1 << SLOT_BITS) - 1);
  struct flow_bucket *bucket = bucket_at(index), *first = bucket_at(own);
  if (!bucket || !first || slot >= BUCKET_SLOTS) return 0;
  __u32 tag = tag_of(hash);
  if (__sync_val_compare_and_swap(&bucket->tags[slot], tag, 0) != tag) return 0;
  if (index != own) __sync_fetch_and_add(&first->spilled, -1);
  return 1;
}

/* Puts a flow in, or in the place of the one that has its key. */
INLINE int flow_put(const struct flow_key *key, const struct flow *flow) {
  struct flow *known = flow_get(key);
  if (!known) return flow_insert(key, flow);
  *known = *flow;
  return 0;
}

#endif
