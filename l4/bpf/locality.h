/* lblc and lblcr, for farms of caches, by LVS's definitions: a destination stays where it was. A part of select.h. */
#ifndef MOAT_LOCALITY_H
#define MOAT_LOCALITY_H

/* A destination that nobody has asked for is forgotten; a set that did not change for so long loses its most loaded member.
 * Signed: another CPU may have written a moment that is still to come for this one. */
#define LOCALITY_NS (86400ll * (__s64)SECOND_NS)

/* The least and the most loaded of the set in the scratch. */
static long walk_one(__u32 at, void *nothing) {
  struct scratch *scratch = get_scratch();
  if (!scratch || at >= LOCALITY_MOST) return 1;
  struct set_walk *walk = &scratch->walk;
  struct locality *set = &scratch->locality;
  __u32 id = set->ids[at];
  struct real *real = bpf_map_lookup_elem(&reals, &id);
  struct real_state *state = bpf_map_lookup_elem(&real_states, &id);
  if (!real || !state || real->service != walk->service || real->fate != FATE_FORWARD) return 0;
  __u32 to = walk->kept;
  if (to >= LOCALITY_MOST) return 1;
  set->ids[to] = id;
  walk->kept = to + 1;
  if (!real->weight || !takes_new(id)) return 0;
  __u64 load = load_of(SCORE_WLC, state), weight = real->weight;
  if (!walk->best || load * walk->best_weight < walk->best_load * weight) {
    walk->best = id;
    walk->best_load = load;
    walk->best_weight = weight;
    walk->overloaded = state->active > weight;
  }
  if (!walk->worst || load * walk->worst_weight > walk->worst_load * weight) {
    walk->worst = id;
    walk->worst_load = load;
    walk->worst_weight = weight;
  }
  return 0;
}

INLINE void leave_out(struct locality *set, __u32 id) {
  __u32 kept = 0;
#pragma unroll
  for (__u32 at = 0; at < LOCALITY_MOST; at++) {
    if (at >= set->count || set->ids[at] == id) continue;
    if (kept < LOCALITY_MOST) set->ids[kept++] = set->ids[at];
  }
  set->count = kept;
}

/* A set that is full stays as it is. */
INLINE int take_in(struct locality *set, __u32 id, __u32 rule) {
  if (rule == LOCALITY_LBLC) set->count = 0;
#pragma unroll
  for (__u32 at = 0; at < LOCALITY_MOST; at++)
    if (at < set->count && set->ids[at] == id) return 0;
  __u32 count = set->count;
  if (count >= LOCALITY_MOST) return 0;
  set->ids[count] = id;
  set->count = count + 1;
  return 1;
}

/* The least loaded of those that the destination has; another one, if that one bears more than its weight while some real
 * server bears less than half of its own. lblc goes over to it, lblcr takes it in. */
SEPARATE __u32 pick_by_locality(const struct packet *packet, __u32 service, __u32 rule) {
  struct scratch *scratch = get_scratch();
  if (!packet || !scratch) return 0;
  struct client_key key;
  __builtin_memset(&key, 0, sizeof key);
  key.address = packet->key.destination;
  key.service = service;
  __u64 best = pick_by_score(service, SCORE_WLC);
  struct locality *set = &scratch->locality, *last = bpf_map_lookup_elem(&localities, &key);
  __builtin_memset(set, 0, sizeof *set);
  if (last && (__s64)(packet->now - last->used_ns) <= LOCALITY_NS) *set = *last;
  struct set_walk *walk = &scratch->walk;
  __builtin_memset(walk, 0, sizeof *walk);
  walk->service = service;
  bpf_loop(set->count, walk_one, 0, 0);
  set->count = walk->kept;
  int changed = 0;
  if (rule == LOCALITY_LBLCR && set->count > 1 && (__s64)(packet->now - set->changed_ns) > LOCALITY_NS) {
    leave_out(set, walk->worst);
    changed = 1;
  }
  __u32 picked = walk->best;
  if (!picked || (walk->overloaded && (best & SPARE))) {
    picked = (__u32)best;
    if (!picked) return 0;
    changed |= take_in(set, picked, rule);
  }
  if (last) last->used_ns = packet->now;
  if (!changed) return picked;
  set->changed_ns = set->used_ns = packet->now;
  bpf_map_update_elem(&localities, &key, set, BPF_ANY);
  return picked;
}

#endif
