/* Changes of headers: hop count, addresses and ports with their checksums. */
#ifndef MOAT_REWRITE_H
#define MOAT_REWRITE_H

#include "flow.h"

/* One hop less; with the checksum's high byte, as RFC 1624 has it. 0, or REASON_TTL. */
INLINE int decrease_ttl(frame_t *frame, const struct packet *packet) {
  if (packet->family == 6) {
    struct ipv6hdr *ip = frame_at(frame, packet->l3, sizeof *ip);
    if (!ip || ip->hop_limit <= 1) return REASON_TTL;
    ip->hop_limit--;
    return 0;
  }
  struct iphdr *ip = frame_at(frame, packet->l3, sizeof *ip);
  if (!ip || ip->ttl <= 1) return REASON_TTL;
  ip->ttl--;
  __u32 check = ip->check + bpf_htons(0x0100);
  ip->check = (__u16)(check + (check >> 16));
  return 0;
}

/* A transport checksum that covers a pseudo-header; and one where a zero says that there is none. */
#define SUM_PSEUDO 1
#define SUM_UDP 2

INLINE long frame_store(frame_t *frame, __u32 offset, const void *from, __u32 length) {
#ifdef MOAT_XDP
  return bpf_xdp_store_bytes(frame, offset, (void *)from, length);
#else
  return bpf_skb_store_bytes(frame, offset, from, length, 0);
#endif
}

/* Few bytes go without a call, word by word: of a frame's alignment the compiler knows nothing and would go byte by byte. */
INLINE long frame_write(frame_t *frame, __u32 offset, const void *from, const __u32 length) {
  void *to = length > 40 ? 0 : frame_at(frame, offset, length);
  if (!to) return frame_store(frame, offset, from, length);
#pragma unroll
  for (__u32 at = 0; at < length / 4; at++) ((__u32 *)to)[at] = ((const __u32 *)from)[at];
  if (length % 4) ((__u16 *)to)[length / 2 - 1] = ((const __u16 *)from)[length / 2 - 1];
  return 0;
}

/* A sum of which nothing is left to the network card. */
INLINE long patch_plain_sum(frame_t *frame, __u32 offset, __u64 difference, __u32 kind) {
  __u16 *sum = frame_at(frame, offset, sizeof *sum);
  if (!sum) return -1;
  if ((kind & SUM_UDP) && *sum == 0) return 0;
  __u16 patched = ~fold((__u16)~*sum + difference);
  *sum = (kind & SUM_UDP) && patched == 0 ? 0xffff : patched;
  return 0;
}

/* What a sum grows by when words change: as bpf_csum_diff() has it, without its call. */
INLINE __u64 sum_difference(const void *from, const void *to, const __u32 length) {
  __u64 sum = 0;
#pragma unroll
  for (__u32 at = 0; at < length / 4; at++) sum += (__u64)(__u32)~((const __u32 *)from)[at] + ((const __u32 *)to)[at];
  sum = (sum & 0xffffffff) + (sum >> 32);
  return (sum & 0xffffffff) + (sum >> 32);
}

#ifdef MOAT_XDP

INLINE long frame_read(frame_t *frame, __u32 offset, void *to, const __u32 length) {
  return bpf_xdp_load_bytes(frame, offset, to, length);
}

INLINE long patch_sum(frame_t *frame, __u32 offset, __u64 difference, __u32 kind) {
  return patch_plain_sum(frame, offset, difference, kind);
}

#else

INLINE long frame_read(frame_t *frame, __u32 offset, void *to, const __u32 length) {
  return bpf_skb_load_bytes(frame, offset, to, length);
}

/* The kernel's helper knows whether the sum is to be completed by the network card. */
INLINE long patch_sum(frame_t *frame, __u32 offset, __u64 difference, __u32 kind) {
  __u64 flags = (kind & SUM_PSEUDO ? BPF_F_PSEUDO_HDR : 0) | (kind & SUM_UDP ? BPF_F_MARK_MANGLED_0 : 0);
  return bpf_l4_csum_replace(frame, offset, 0, difference, flags);
}

#endif

/* What a packet's addresses and ports become. */
struct tuple {
  struct address source, destination;
  struct ports ports;
};

INLINE const struct tuple *tuple_of(const struct flow *flow) { return (const struct tuple *)&flow->source; }
_Static_assert(__builtin_offsetof(struct flow, source_port) - __builtin_offsetof(struct flow, source) ==
                   __builtin_offsetof(struct tuple, ports),
               "a flow has its tuple whole");

/* Addresses as they stand in a header, one after the other. */
struct pair4 {
  __be32 source, destination;
};
struct pair6 {
  struct address source, destination;
};

/* Writes two addresses into the IP header at l3. Gives the difference of the sums in *difference. */
INLINE long write_addresses(frame_t *frame, __u32 l3, int family, const struct tuple *from, const struct tuple *to,
                            __u64 *difference) {
  if (family == 4) {
    struct pair4 old = {from->source.word[3], from->destination.word[3]};
    struct pair4 new = {to->source.word[3], to->destination.word[3]};
    *difference = sum_difference(&old, &new, sizeof old);
    if (patch_plain_sum(frame, l3 + __builtin_offsetof(struct iphdr, check), *difference, 0)) return -1;
    return frame_write(frame, l3 + __builtin_offsetof(struct iphdr, saddr), &new, sizeof new);
  }
  *difference = sum_difference(&from->source, &to->source, sizeof(struct pair6));
  return frame_write(frame, l3 + __builtin_offsetof(struct ipv6hdr, saddr), &to->source, sizeof(struct pair6));
}

/* Both tuples are of the packet's family. The transport header is left alone in later pieces of a datagram. */
SEPARATE int translate(frame_t *frame, struct packet *packet, const struct tuple *to) {
  if (!packet || !to) return -1;
  struct tuple from = {packet->key.source, packet->key.destination, {packet->key.source_port, packet->key.destination_port}};
  __u64 difference;
  __u32 l4 = packet->l4;
  if (write_addresses(frame, packet->l3, packet->family, &from, to, &difference)) return -1;
  if (packet->piece == PIECE_LATER) return 0;
  int tcp = packet->protocol == IPPROTO_TCP;
  __u32 sum = l4 + (tcp ? __builtin_offsetof(struct tcphdr, check) : __builtin_offsetof(struct udphdr, check));
  __u32 kind = tcp ? 0 : SUM_UDP;
  if (patch_sum(frame, sum, difference, kind | SUM_PSEUDO)) return -1;
  difference = sum_difference(&from.ports, &to->ports, sizeof from.ports);
  if (patch_sum(frame, sum, difference, kind)) return -1;
  return frame_write(frame, l4, &to->ports, sizeof to->ports);
}

_Static_assert(3 * sizeof(struct tuple) <= sizeof(((struct scratch *)0)->answer), "scratch holds what an error needs");

/* An ICMP error: it comes from `from_whom` then and goes where the flow goes; what it quotes, which went the other way, is `to` reversed.
 * The transport checksum inside is left: what is quoted is seldom whole, and nobody checks it. */
SEPARATE int translate_error(frame_t *frame, struct packet *packet, const struct address *from_whom,
                             const struct tuple *to) {
  struct scratch *scratch = get_scratch();
  if (!packet || !from_whom || !to || !scratch) return -1;
  struct tuple outer_to = {*from_whom, to->destination, {0, 0}};
  struct tuple *from = (void *)scratch->answer, *quoted = from + 1, *outer_from = from + 2;
  outer_from->source = packet->source;
  outer_from->destination = packet->destination;
  from->source = packet->key.destination;
  from->destination = packet->key.source;
  from->ports.source = packet->key.destination_port;
  from->ports.destination = packet->key.source_port;
  quoted->source = to->destination;
  quoted->destination = to->source;
  quoted->ports.source = to->ports.destination;
  quoted->ports.destination = to->ports.source;
  __u64 outer, inner;
  if (write_addresses(frame, packet->l3, packet->family, outer_from, &outer_to, &outer)) return -1;
  if (write_addresses(frame, packet->inner_l3, packet->family, from, quoted, &inner)) return -1;
  __u64 ports = sum_difference(&from->ports, &quoted->ports, sizeof from->ports);
  if (frame_write(frame, packet->inner_l4, &quoted->ports, sizeof quoted->ports)) return -1;
  __u32 sum = packet->l4 + __builtin_offsetof(struct icmp, checksum);
  if (patch_sum(frame, sum, ports, 0)) return -1;
  /* IPv4: the quoted header's own sum has taken the addresses up, and there is no pseudo-header. */
  if (packet->family == 4) return 0;
  if (patch_sum(frame, sum, outer, SUM_PSEUDO)) return -1;
  return patch_sum(frame, sum, inner, 0);
}

#endif
