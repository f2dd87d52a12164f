/* The way out: the kernel's own tables say which interface and which link addresses, now and then; in between it is remembered. */
#ifndef MOAT_ROUTE_H
#define MOAT_ROUTE_H

#include "count.h"
#include "parse.h"

#define HOP_FRESH_NS 250000000ull
#define AF_INET 2
#define AF_INET6 10

/* fib->ifindex, smac and dmac, or the reason why not. `on_link`: no router may be between. */
INLINE int look_up_route(frame_t *frame, struct bpf_fib_lookup *fib, const struct address *to, int on_link) {
  int v4 = is_v4(to);
  fib->family = v4 ? AF_INET : AF_INET6;
  fib->ifindex = frame_interface(frame);
  fib->tot_len = 1; /* so that the MTU of the way is told */
  if (v4) fib->ipv4_dst = to->word[3];
  else __builtin_memcpy(fib->ipv6_dst, to, sizeof *to);
  long found = bpf_fib_lookup(frame, fib, sizeof *fib, 0);
  if (found == BPF_FIB_LKUP_RET_FWD_DISABLED) return REASON_NO_FORWARDING;
  if (found != BPF_FIB_LKUP_RET_SUCCESS && found != BPF_FIB_LKUP_RET_NO_NEIGH) return REASON_NO_ROUTE;
  if (on_link) {
    int same = v4 ? fib->family == AF_INET && fib->ipv4_dst == to->word[3]
                  : same_address((struct address *)fib->ipv6_dst, to);
    if (!same) return REASON_NOT_ON_LINK;
  }
  return found == BPF_FIB_LKUP_RET_NO_NEIGH ? REASON_NO_NEIGHBOUR : NONE;
}

INLINE void set_hop(struct hop *hop, const struct bpf_fib_lookup *fib, __u64 now) {
  hop->interface = fib->ifindex;
  hop->mtu = fib->mtu_result;
  __builtin_memcpy(hop->link, fib->dmac, 6);
  __builtin_memcpy((__u8 *)hop->link + 6, fib->smac, 6);
  hop->fresh_until = now + HOP_FRESH_NS;
}

/* Brings `hop` up to date. NONE, or the reason; of REASON_NO_NEIGHBOUR the interface is known. */
SEPARATE int refresh_hop(frame_t *frame, struct hop *hop, const struct address *to, __u64 now, int on_link) {
  if (!hop || !to) return REASON_NO_ROUTE;
  struct bpf_fib_lookup fib;
  __builtin_memset(&fib, 0, sizeof fib);
  struct address copy = *to;
  int reason = look_up_route(frame, &fib, &copy, on_link);
  if (reason == NONE) set_hop(hop, &fib, now);
  if (reason == REASON_NO_NEIGHBOUR) hop->interface = fib.ifindex;
  return reason;
}

/* Nobody has talked to that neighbour yet. The kernel finds it and sends this packet, from tc on; XDP is before that.
 * to: the neighbour; NULL where the packet's own destination leads there. */
INLINE int send_to_unknown(frame_t *frame, __u32 interface, const struct address *to, __u32 real) {
#ifdef MOAT_XDP
  tell(EVENT_NO_NEIGHBOUR, real);
  return end_with(REASON_NO_NEIGHBOUR);
#else
  if (!to) return (int)bpf_redirect_neigh(interface, 0, 0, 0);
  struct bpf_redir_neigh next;
  __builtin_memset(&next, 0, sizeof next);
  if (is_v4(to)) {
    next.nh_family = AF_INET;
    next.ipv4_nh = to->word[3];
  } else {
    next.nh_family = AF_INET6;
    __builtin_memcpy(next.ipv6_nh, to, sizeof *to);
  }
  return (int)bpf_redirect_neigh(interface, &next, sizeof next, 0);
#endif
}

INLINE int send_by(frame_t *frame, const struct hop *hop) {
#ifndef MOAT_XDP
  /* The tag of the network where it came from means nothing in another one. */
  if (frame->vlan_present && hop->interface != frame->ingress_ifindex && bpf_skb_vlan_pop(frame)) return end_with(REASON_REWRITE);
#endif
  __u32 *link = frame_at(frame, 0, sizeof hop->link);
  if (!link) return end_with(REASON_REWRITE);
  link[0] = hop->link[0];
  link[1] = hop->link[1];
  link[2] = hop->link[2];
  return frame_send(frame, hop->interface);
}

#endif
