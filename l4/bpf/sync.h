/* Flows that another director keeps, too: which ones, and how it is told of them. A part of select.h. */
#ifndef MOAT_SYNC_H
#define MOAT_SYNC_H

/* nat: a flow lives as long as one of its halves is in use. */
static __noinline __attribute__((unused)) __u64 last_use(const struct flow_key *key, const struct flow *flow) {
  if (flow->mode != MODE_NAT && flow->mode != MODE_FULLNAT) return flow->last_ns;
  struct flow_key reply_key;
  reply_key_of(&reply_key, key, flow);
  struct flow *reply = flow_get(&reply_key);
  return reply && reply->last_ns > flow->last_ns ? reply->last_ns : flow->last_ns;
}

/* What the other director's ring has in this place, full or not: whom it finds full depends on the moment. */
SEPARATE __u32 pick_elsewhere(__u32 service, __u32 start) {
  void *ring = bpf_map_lookup_elem(&rings_elsewhere, &service);
  if (!ring) ring = bpf_map_lookup_elem(&rings, &service);
  if (!ring) return 0;
  __u32 length = ring_length(ring);
  if (!length) return 0;
  __u32 index = 1 + start % length;
  __u32 *id = bpf_map_lookup_elem(ring, &index);
  return id ? *id : 0;
}

/* Of dr and tun by a ring every director finds the real server by itself, unless the ring was another one when the flow began,
 * or is another one there. */
SEPARATE int is_needed_elsewhere(const struct settings *settings, const struct flow_key *key, const struct flow *flow) {
  if (!settings || !key || !flow) return 0;
  if (flow->role == ROLE_REPLY) return 0;
  if (flow->role == ROLE_TEMPLATE || flow->mode == MODE_NAT || flow->mode == MODE_FULLNAT) return 1;
  __u32 id = flow->service;
  struct service *service = bpf_map_lookup_elem(&services, &id);
  if (!service) return 0;
  if (!is_stateless(service) || service->persist_ns) return 1;
  __u32 ring_key = service->ring_key;
  __u64 hash = ring_key == KEY_DESTINATION
                   ? sip_hash(settings, &key->destination, 0)
                   : sip_hash(settings, &key->source, ring_key == KEY_SOURCE_PORT ? key->source_port : 0);
  return pick_elsewhere(id, (__u32)hash) != flow->real;
}

INLINE void mark_told(struct flow *flow) { flow->flags = (flow->flags & ~FLOW_MIDWAY) | FLOW_TOLD; }

/* It stands there as it was: that it goes on needs no word, that it ends does. */
INLINE int is_known_elsewhere(const struct flow *flow, __u32 kind) {
  if (flow->flags & FLOW_TOLD) return 1;
  return (flow->flags & FLOW_MIDWAY) && (kind == NEWS_ENDS || !is_active(flow->state));
}

/* 0: told, or nobody wants to know; -1: there was no room, the next walk tells. */
SEPARATE int tell_flow(const struct flow_key *key, struct flow *flow, __u32 kind) {
  __u32 zero = 0;
  struct settings *now = bpf_map_lookup_elem(&settings, &zero);
  if (!now || !key || !flow || !(now->flags & SETTING_SYNC)) return 0;
  if (!is_known_elsewhere(flow, kind) && !is_needed_elsewhere(now, key, flow)) return 0;
  struct flow_news *news = bpf_ringbuf_reserve(&flow_news, sizeof *news, 0);
  if (!news) return -1;
  news->kind = kind;
  news->idle_ms = 0;
  news->key = *key;
  news->flow = *flow;
  bpf_ringbuf_submit(news, 0);
  mark_told(flow);
  return 0;
}

/* It is this director's from now on: its packets come here. */
INLINE void claim(const struct flow_key *key, struct flow *flow, __u64 now) {
  flow->flags = (flow->flags & ~FLOW_SYNCED) | FLOW_TOLD;
  flow->last_ns = now;
  tell_flow(key, flow, NEWS_LIVES);
}

#endif
