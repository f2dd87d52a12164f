/* The table of flows: who belongs to which real server, in what state, and what a packet's addresses become. */
#ifndef MOAT_FLOW_H
#define MOAT_FLOW_H

#include "parse.h"
#include "table.h"

#define SECOND_NS 1000000000ull

/* Written no oftener than this, so that packets of one flow on two CPUs do not fight for its cache line. */
#define TOUCH_NS 50000000ull

INLINE __u64 timeout_of(const struct settings *settings, __u32 state) {
  switch (state) {
    case STATE_SYN: return settings->syn_ns;
    case STATE_ESTABLISHED: return settings->established_ns;
    case STATE_UDP: return settings->udp_ns;
    default: return settings->fin_ns;
  }
}

/* Its time is over: the sweep may not have come by yet. Of nat the other half may have been in use: only the sweep looks. */
INLINE int flow_is_over(const struct settings *settings, const struct flow *flow, __u64 now) {
  if (flow->mode == MODE_NAT || flow->mode == MODE_FULLNAT) return 0;
  return now > flow->last_ns + timeout_of(settings, flow->state);
}

INLINE int is_active(__u32 state) { return state == STATE_ESTABLISHED || state == STATE_UDP; }

/* `by` is 1 or -1. */
INLINE void count_flow(__u32 real, __u32 state, int by) {
  struct real_state *counts = bpf_map_lookup_elem(&real_states, &real);
  if (!counts) return;
  if (is_active(state)) __sync_fetch_and_add(&counts->active, by);
  else __sync_fetch_and_add(&counts->inactive, by);
}

/* Of two that want the same change one makes it, and counts it. */
INLINE int flow_change(struct flow *flow, __u32 to) {
  __u32 from = flow->state;
  if (from == to || from == STATE_DEAD) return 0;
  if (__sync_val_compare_and_swap(&flow->state, from, to) != from) return 0;
  if (to == STATE_DEAD) {
    count_flow(flow->real, from, -1);
  } else if (is_active(from) != is_active(to)) {
    count_flow(flow->real, from, -1);
    count_flow(flow->real, to, 1);
  }
  return 1;
}

/* sync.h: tells who keeps flows for another director, if anybody does, and this is one that such a director needs. */
SEPARATE int tell_flow(const struct flow_key *key, struct flow *flow, __u32 kind);

/* Like LVS's table for one direction: what the client sends is all that dr and tun see. `key` is that of the flow. */
INLINE void flow_advance(const struct flow_key *key, struct flow *flow, const struct packet *packet, int from_client) {
  if (packet->now - flow->last_ns > TOUCH_NS) flow->last_ns = packet->now;
  if (packet->protocol != IPPROTO_TCP || packet->piece == PIECE_LATER || packet->inner_l3) return;
  __u32 state = flow->state;
  int changed = 0;
  if (packet->tcp_flags & TCP_RST) changed = flow_change(flow, STATE_CLOSED);
  else if (packet->tcp_flags & TCP_FIN) {
    if (state == STATE_SYN || state == STATE_ESTABLISHED) changed = flow_change(flow, STATE_FIN);
  } else if (state == STATE_SYN && from_client && (packet->tcp_flags & TCP_ACK)) {
    changed = flow_change(flow, STATE_ESTABLISHED);
    flow->last_ns = packet->now;
  }
  if (changed) tell_flow(key, flow, NEWS_LIVES);
}

INLINE void client_key_of(struct client_key *key, const struct flow_key *flow, __u32 service) {
  __builtin_memset(key, 0, sizeof *key);
  key->address = flow->source;
  key->service = service;
}

/* The counts that a flow holds are given back. `key` is that of its forward entry. */
INLINE void flow_uncount(const struct flow_key *key, struct flow *flow) {
  __u32 service = flow->service;
  struct service_state *state = bpf_map_lookup_elem(&service_states, &service);
  if (state) __sync_fetch_and_add(&state->open, -1);
  if (flow->flags & FLOW_SOURCE_COUNTED) {
    struct client_key client;
    client_key_of(&client, key, service);
    __u32 *open = bpf_map_lookup_elem(&client_flows, &client);
    if (open && __sync_fetch_and_add(open, -1) <= 1) bpf_map_delete_elem(&client_flows, &client);
  }
}

INLINE void reply_key_of(struct flow_key *reply, const struct flow_key *key, const struct flow *flow) {
  __builtin_memset(reply, 0, sizeof *reply);
  reply->source = flow->destination;
  reply->destination = flow->source;
  reply->source_port = flow->destination_port;
  reply->destination_port = flow->source_port;
  reply->protocol = key->protocol;
}

/* Ends a flow: counts, both halves. `key` may lie in the map: it is not looked at after its entry is gone. */
static __noinline __attribute__((unused)) int flow_end(const struct flow_key *key, struct flow *flow) {
  __u32 state = flow->state;
  if (!flow_change(flow, STATE_DEAD)) return 0;
  flow_uncount(key, flow);
  /* Of one that was never established nobody was told. */
  if (state != STATE_SYN && !(flow->flags & FLOW_SYNCED)) tell_flow(key, flow, NEWS_ENDS);
  if (flow->mode == MODE_NAT || flow->mode == MODE_FULLNAT) {
    struct flow_key reply;
    reply_key_of(&reply, key, flow);
    flow_delete(&reply);
  }
  flow_delete(key);
  return 1;
}

#endif
