/* A packet that has its real server goes there, by the mode of that one. */
#ifndef MOAT_FORWARD_H
#define MOAT_FORWARD_H

#include "answer.h"
#include "route.h"
#include "tunnel.h"

INLINE void count_forward(frame_t *frame, __u32 real, int is_new) {
  struct way *way = bpf_map_lookup_elem(&ways, &real);
  if (!way) return;
  way->packets++;
  way->bytes += frame_length(frame);
  way->connections += is_new;
}

/* Changes the packet by the real server's mode. NONE, or the reason why it cannot be. `flow` says what addresses become. */
INLINE int rewrite_nat(frame_t *frame, struct packet *packet, const struct flow *flow) {
  if (!flow) return REASON_NO_FLOW;
  if (is_v4(&flow->destination) != (packet->family == 4)) return REASON_FAMILY;
  if (!packet->inner_l3) return translate(frame, packet, tuple_of(flow)) ? REASON_REWRITE : NONE;
  /* An ICMP error comes from whom it comes; it goes where the flow goes. */
  return translate_error(frame, packet, &packet->source, tuple_of(flow)) ? REASON_REWRITE : NONE;
}

/* The largest packet that leaves, or 0 where none can be too large. */
INLINE __u32 segment_of(frame_t *frame, const struct packet *packet, __u32 tunnel) {
#ifndef MOAT_XDP
  if (tunnel && frame->gso_size && packet->protocol == IPPROTO_TCP) return 0; /* they shrink by what the tunnel takes */
#endif
  return frame_segment(frame, packet->l3_bytes, packet->l4 + 20 - packet->l3) + tunnel;
}

/* The packet becomes what its real server expects. NONE, or the reason why it cannot. */
INLINE int make_ready(frame_t *frame, struct packet *packet, const struct settings *now, const struct real *real,
                      const struct flow *flow) {
  __u32 mode = real->mode;
  int reason = decrease_ttl(frame, packet);
  if (reason) return reason;
  if (mode == MODE_DR) return NONE;
  if (mode == MODE_TUN) return wrap(frame, packet, real, now) ? REASON_REWRITE : NONE;
  return rewrite_nat(frame, packet, flow);
}

/* known: REASON_NO_NEIGHBOUR when of the way only the interface is known, else NONE. flow: NULL where the mode needs none. */
INLINE int send_to_real(frame_t *frame, struct packet *packet, const struct settings *now, __u32 id, const struct real *real,
                        const struct hop *hop, int known, const struct flow *flow) {
  __u32 tunnel = real->mode == MODE_TUN ? tunnel_bytes(real) : 0;
  if (hop->mtu && segment_of(frame, packet, tunnel) > hop->mtu) return answer_too_big(frame, packet, hop->mtu - tunnel);
  int reason = make_ready(frame, packet, now, real, flow);
  if (reason != NONE) return end_with(reason);
  if (known == NONE) return send_by(frame, hop);
  return send_to_unknown(frame, hop->interface, real->mode == MODE_DR ? &real->address : 0, id);
}

INLINE int forward(frame_t *frame, struct packet *packet, __u32 id, const struct flow *flow) {
  if (!packet) return VERDICT_DROP;
  __u32 zero = 0;
  struct real *real = bpf_map_lookup_elem(&reals, &id);
  struct way *way = bpf_map_lookup_elem(&ways, &id);
  struct settings *now = bpf_map_lookup_elem(&settings, &zero);
  if (!real || !way || !now) return end_with(REASON_NO_SERVER);
  if (real->flags & REAL_LOCAL) return VERDICT_PASS;
  if (real->mode == MODE_DR && is_v4(&real->address) != (packet->family == 4)) return end_with(REASON_FAMILY);
  int known = NONE;
  if (packet->now >= way->hop.fresh_until) {
    known = refresh_hop(frame, &way->hop, &real->address, packet->now, real->mode == MODE_DR);
    if (known != NONE && known != REASON_NO_NEIGHBOUR) return end_with(known);
  }
  return send_to_real(frame, packet, now, id, real, &way->hop, known, flow);
}

#endif
