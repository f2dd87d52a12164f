/* A packet that has its real server goes there, by the mode of that one. */
#ifndef MOAT_FORWARD_H
#define MOAT_FORWARD_H

#include "answer.h"
#include "route.h"
#include "tunnel.h"

INLINE void count_forward(frame_t *frame, __u32 real, int is_new) {
  struct real_stats *stats = bpf_map_lookup_elem(&real_counts, &real);
  if (!stats) return;
  stats->packets++;
  stats->bytes += frame_length(frame);
  stats->connections += is_new;
}

/* Changes the packet by the real server's mode. NONE, or the reason why it cannot be. `flow` says what addresses become. */
INLINE int rewrite_nat(frame_t *frame, struct packet *packet, const struct flow *flow) {
  if (!flow) return REASON_NO_FLOW;
  struct tuple to = {flow->source, flow->destination, {flow->source_port, flow->destination_port}};
  if (is_v4(&to.destination) != (packet->family == 4)) return REASON_FAMILY;
  if (!packet->inner_l3) return translate(frame, packet, &to) ? REASON_REWRITE : NONE;
  /* An ICMP error comes from whom it comes; it goes where the flow goes. */
  struct tuple outer_to = {packet->source, to.destination, {0, 0}};
  return translate_error(frame, packet, &outer_to, &to) ? REASON_REWRITE : NONE;
}

/* The largest packet that leaves, or 0 where none can be too large. */
INLINE __u32 segment_of(frame_t *frame, const struct packet *packet, __u32 tunnel) {
#ifndef MOAT_XDP
  if (tunnel && frame->gso_size && packet->protocol == IPPROTO_TCP) return 0; /* they shrink by what the tunnel takes */
#endif
  return frame_segment(frame, packet->l3_bytes, packet->l4 + 20 - packet->l3) + tunnel;
}

/* flow: NULL where the mode needs none. */
SEPARATE int forward(frame_t *frame, struct packet *packet, __u32 id, const struct flow *flow) {
  if (!packet) return VERDICT_DROP;
  __u32 zero = 0;
  struct real *real = bpf_map_lookup_elem(&reals, &id);
  struct hop *hop = bpf_map_lookup_elem(&hops, &id);
  struct settings *now = bpf_map_lookup_elem(&settings, &zero);
  if (!real || !hop || !now) return end_with(REASON_NO_SERVER);
  if (real->flags & REAL_LOCAL) return VERDICT_PASS;
  __u32 mode = real->mode;
  if (mode == MODE_DR && is_v4(&real->address) != (packet->family == 4)) return end_with(REASON_FAMILY);
  int known = NONE;
  if (packet->now >= hop->fresh_until) {
    known = refresh_hop(frame, hop, &real->address, packet->now, mode == MODE_DR);
    if (known != NONE && known != REASON_NO_NEIGHBOUR) return end_with(known);
  }
  __u32 tunnel = mode == MODE_TUN ? tunnel_bytes(real) : 0;
  if (hop->mtu && segment_of(frame, packet, tunnel) > hop->mtu) return answer_too_big(frame, packet, hop->mtu - tunnel);
  int reason = decrease_ttl(frame, packet);
  if (reason) return end_with(reason);
  if (mode == MODE_TUN && wrap(frame, packet, real, now)) return end_with(REASON_REWRITE);
  if (mode == MODE_NAT || mode == MODE_FULLNAT) {
    reason = rewrite_nat(frame, packet, flow);
    if (reason != NONE) return end_with(reason);
  }
  if (known == NONE) return send_by(frame, hop);
  return send_to_unknown(frame, hop->interface, mode == MODE_DR ? &real->address : 0, id);
}

#endif
