/* Which real server a new flow gets. What is worked out beforehand is a ring; what depends on the moment compares counts. */
#ifndef MOAT_SELECT_H
#define MOAT_SELECT_H

#include "flow.h"
#include "hash.h"

#define FULL_TRIES 16 /* slots of a ring that are passed over because their real server is full */

/* Full at `upper` until there are less than `lower`, as LVS's thresholds. */
INLINE int is_full(__u32 id, const struct real *real) {
  if (!real->upper) return 0;
  struct real_state *state = bpf_map_lookup_elem(&real_states, &id);
  if (!state) return 0;
  __u32 open = state->active + state->inactive;
  if (open >= real->upper) state->full = 1;
  else if (open < real->lower) state->full = 0;
  return state->full;
}

INLINE int takes_new(__u32 id) {
  struct real *real = bpf_map_lookup_elem(&reals, &id);
  return real && real->intake == INTAKE_ALL && !is_full(id, real);
}

/* What the kernel says of a map, wherever its field lies there. */
struct bpf_map {
  __u32 max_entries;
} __attribute__((preserve_access_index));

/* The map knows it: a number that stands in it would be a call and a cache line more. */
INLINE __u32 ring_length(const void *ring) { return ((const struct bpf_map *)ring)->max_entries - 1; }

/* From a slot on, the first whose real server is not full. */
SEPARATE __u32 pick_from_ring(__u32 service, __u32 start) {
  void *ring = bpf_map_lookup_elem(&rings, &service);
  if (!ring) return 0;
  __u32 length = ring_length(ring);
  if (!length) return 0;
  __u32 slot = start % length;
  for (int tries = 0; tries < FULL_TRIES; tries++) {
    __u32 index = 1 + slot;
    __u32 *id = bpf_map_lookup_elem(ring, &index);
    if (!id) return 0;
    if (takes_new(*id)) return *id;
    slot = slot + 1 < length ? slot + 1 : 0;
  }
  return 0;
}

/* Most often the one in that slot takes it, which costs no call. */
INLINE __u32 pick_by_ring(__u32 service, __u32 start) {
  void *ring = bpf_map_lookup_elem(&rings, &service);
  __u32 length = ring ? ring_length(ring) : 0;
  if (!length) return 0;
  __u32 index = 1 + start % length;
  __u32 *id = bpf_map_lookup_elem(ring, &index);
  if (!id) return 0;
  return takes_new(*id) ? *id : pick_from_ring(service, start);
}

struct contest {
  __u32 service;
  __u32 best, other; /* ids; `other`: the second draw of twos */
  __u64 load, weight; /* of the best: compared crosswise, so nothing is divided */
  __u64 total; /* weights so far */
  __u32 rule;
  __u32 spare; /* some real server bears less than half of its weight */
};

/* active * 256 + inactive is LVS's measure of load for lc and wlc; sed and nq count the active ones, and the new one. */
INLINE __u64 load_of(__u32 rule, const struct real_state *state) {
  if (rule == SCORE_SED || rule == SCORE_NQ) return (__u64)state->active + 1;
  return ((__u64)state->active << 8) + state->inactive;
}

INLINE void contest_twos(struct contest *contest, __u32 id, __u32 weight) {
  contest->total += weight;
  if (bpf_get_prandom_u32() % (__u32)contest->total < weight) contest->best = id;
  if (bpf_get_prandom_u32() % (__u32)contest->total < weight) contest->other = id;
}

/* 1 ends it. */
static long contest_one(__u32 at, struct contest *contest) {
  __u32 service = contest->service, index = at + 1;
  void *ring = bpf_map_lookup_elem(&rings, &service);
  __u32 *id = ring ? bpf_map_lookup_elem(ring, &index) : 0;
  if (!id) return 1;
  __u32 real_id = *id;
  struct real *real = bpf_map_lookup_elem(&reals, &real_id);
  struct real_state *state = bpf_map_lookup_elem(&real_states, &real_id);
  if (!real || !state || real->intake != INTAKE_ALL || !real->weight || is_full(real_id, real)) return 0;
  if (contest->rule == SCORE_TWOS) {
    contest_twos(contest, real_id, real->weight);
    return 0;
  }
  if ((__u64)state->active * 2 < real->weight) contest->spare = 1;
  __u64 weight = contest->rule == SCORE_LC ? 1 : real->weight;
  __u64 load = load_of(contest->rule, state);
  int idle = contest->rule == SCORE_NQ && state->active == 0;
  if (contest->best && !idle && contest->load * weight <= load * contest->weight) return 0;
  contest->best = real_id;
  contest->load = load;
  contest->weight = weight;
  return idle; /* nq: an idle one is taken at once */
}

/* The id, and SPARE where some real server bears less than half of its weight. */
#define SPARE (1ull << 32)

SEPARATE __u64 pick_by_score(__u32 service, __u32 rule) {
  void *ring = bpf_map_lookup_elem(&rings, &service);
  if (!ring) return 0;
  __u32 length = ring_length(ring);
  if (length > SCORED_MOST) length = SCORED_MOST;
  struct contest contest = {.service = service, .rule = rule};
  bpf_loop(length, contest_one, &contest, 0);
  if (rule != SCORE_TWOS || contest.best == contest.other) return contest.best | (contest.spare ? SPARE : 0);
  __u32 one = contest.best, two = contest.other;
  struct real_state *first = bpf_map_lookup_elem(&real_states, &one);
  struct real_state *second = bpf_map_lookup_elem(&real_states, &two);
  struct real *first_real = bpf_map_lookup_elem(&reals, &one);
  struct real *second_real = bpf_map_lookup_elem(&reals, &two);
  if (!first || !second || !first_real || !second_real) return one;
  return load_of(rule, first) * second_real->weight <= load_of(rule, second) * first_real->weight ? one : two;
}

#include "locality.h"

INLINE __u64 ring_hash(const struct settings *settings, const struct packet *packet, __u32 key) {
  if (key == KEY_DESTINATION) return sip_hash(settings, &packet->key.destination, 0);
  return sip_hash(settings, &packet->key.source, key == KEY_SOURCE_PORT ? packet->key.source_port : 0);
}

/* Whether every director would choose the same real server for this flow, with no entry of it. */
INLINE int is_stateless(const struct service *service) { return service->selection == SELECT_RING; }

/* Id of a real server, or 0. */
INLINE __u32 pick(const struct settings *settings, const struct packet *packet, __u32 id, const struct service *service) {
  switch (service->selection) {
    case SELECT_RING: return pick_by_ring(id, (__u32)ring_hash(settings, packet, service->ring_key));
    case SELECT_ORDER: {
      struct service_state *state = bpf_map_lookup_elem(&service_states, &id);
      return state ? pick_from_ring(id, __sync_fetch_and_add(&state->turn, 1)) : 0;
    }
    case SELECT_SCORE: return (__u32)pick_by_score(id, service->score_rule);
    case SELECT_LOCALITY: return pick_by_locality(packet, id, service->score_rule);
    default: return 0;
  }
}

INLINE void template_key_of(struct flow_key *key, const struct packet *packet, __u32 id, const struct service *service) {
  __builtin_memset(key, 0, sizeof *key);
  key->kind = FLOW_TEMPLATE; /* for all protocols and ports of the service */
  key->destination.word[3] = bpf_htonl(id);
  __u32 bits = is_v4(&packet->key.source) ? 96u + service->persist_bits4 : service->persist_bits6;
#pragma unroll
  for (__u32 at = 0; at < 4; at++) {
    __u32 rest = bits > at * 32 ? bits - at * 32 : 0;
    __u32 mask = rest >= 32 ? 0xffffffff : rest ? ~(0xffffffffu >> rest) : 0;
    key->source.word[at] = packet->key.source.word[at] & bpf_htonl(mask);
  }
}

/* A client that persists goes where it went before, if that one still takes it; else where it goes now is remembered. */
SEPARATE __u32 pick_persistent(const struct settings *settings, const struct packet *packet, __u32 id,
                               const struct service *service) {
  if (!settings || !packet || !service) return 0;
  struct flow_key key;
  template_key_of(&key, packet, id, service);
  struct flow *template = flow_get(&key);
  if (template && packet->now <= template->last_ns + service->persist_ns) {
    __u32 real_id = template->real;
    struct real *real = bpf_map_lookup_elem(&reals, &real_id);
    if (real && real->intake != INTAKE_NONE && real->fate == FATE_FORWARD && !is_full(real_id, real)) {
      template->last_ns = packet->now;
      template->flags = 0;
      return real_id;
    }
  }
  __u32 real_id = pick(settings, packet, id, service);
  if (!real_id) return 0;
  struct scratch *scratch = get_scratch();
  if (!scratch) return real_id;
  struct flow *made = &scratch->flow;
  __builtin_memset(made, 0, sizeof *made);
  made->last_ns = packet->now;
  made->real = real_id;
  made->service = id;
  made->state = STATE_TEMPLATE;
  made->role = ROLE_TEMPLATE;
  flow_put(&key, made);
  tell_flow(&key, made, NEWS_LIVES);
  return real_id;
}

#include "sync.h"

#endif
