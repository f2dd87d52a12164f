/* Answers to the sender in the place of a packet that cannot go on: a reset, or that it is too big for the tunnel. */
#ifndef MOAT_ANSWER_H
#define MOAT_ANSWER_H

#include "rewrite.h"

struct reset4 {
  struct iphdr ip;
  struct tcphdr tcp;
};
struct reset6 {
  struct ipv6hdr ip;
  struct tcphdr tcp;
};

struct pseudo {
  struct address source, destination;
  __be32 length, protocol;
};

#define QUOTED4 48 /* a header with most options, and what counts of the next */
#define QUOTED6 80

struct too_big4 {
  struct iphdr ip;
  struct icmp icmp;
  __u8 quoted[QUOTED4];
};
struct too_big6 {
  struct ipv6hdr ip;
  struct icmp icmp;
  __u8 quoted[QUOTED6];
};

INLINE void fill_ip4(struct iphdr *ip, const struct packet *packet, __u32 bytes, __u8 protocol) {
  ip->version = 4;
  ip->ihl = 5;
  ip->ttl = 64;
  ip->protocol = protocol;
  ip->frag_off = bpf_htons(0x4000);
  ip->tot_len = bpf_htons(bytes);
  ip->saddr = packet->destination.word[3];
  ip->daddr = packet->source.word[3];
  ip->check = ~fold(bpf_csum_diff(0, 0, (void *)ip, sizeof *ip, 0));
}

INLINE void fill_ip6(struct ipv6hdr *ip, const struct packet *packet, __u32 bytes, __u8 protocol) {
  ip->version = 6;
  ip->hop_limit = 64;
  ip->nexthdr = protocol;
  ip->payload_len = bpf_htons(bytes - sizeof *ip);
  __builtin_memcpy(&ip->saddr, &packet->destination, sizeof ip->saddr);
  __builtin_memcpy(&ip->daddr, &packet->source, sizeof ip->daddr);
}

/* The sum of a mapped address is that of its four bytes and 0xffff, twice: as good as nothing. So one pseudo-header serves both families. */
INLINE __u64 pseudo_sum(const struct packet *packet, __u32 length, __u8 protocol) {
  struct pseudo pseudo = {packet->destination, packet->source, bpf_htonl(length), bpf_htonl(protocol)};
  return bpf_csum_diff(0, 0, (void *)&pseudo, sizeof pseudo, 0);
}

INLINE int send_back(frame_t *frame) {
  struct ethhdr *ethernet = frame_at(frame, 0, sizeof *ethernet);
  if (!ethernet) return VERDICT_DROP;
  __u8 ours[6];
  __builtin_memcpy(ours, ethernet->h_dest, 6);
  __builtin_memcpy(ethernet->h_dest, ethernet->h_source, 6);
  __builtin_memcpy(ethernet->h_source, ours, 6);
  return frame_send(frame, frame_interface(frame));
}

/* RFC 9293, 3.10.7.1: what a closed port answers. */
INLINE int fill_reset(frame_t *frame, const struct packet *packet, struct tcphdr *reset) {
  struct tcphdr *tcp = frame_at(frame, packet->l4, sizeof *tcp);
  if (!tcp) return -1;
  reset->source = tcp->dest;
  reset->dest = tcp->source;
  reset->doff = 5;
  reset->rst = 1;
  if (tcp->ack) {
    reset->seq = tcp->ack_seq;
  } else {
    __u32 taken = packet->l3 + packet->l3_bytes - packet->l4 - tcp->doff * 4 + tcp->syn + tcp->fin;
    reset->ack = 1;
    reset->ack_seq = bpf_htonl(bpf_ntohl(tcp->seq) + taken);
  }
  return 0;
}

/* A reset to the sender of a segment; whoever sends resets, or pieces, gets none. */
SEPARATE int answer_reset(frame_t *frame, struct packet *packet, __u32 reason) {
  if (!packet) return VERDICT_DROP;
  if (packet->protocol != IPPROTO_TCP || packet->piece != PIECE_WHOLE || (packet->tcp_flags & TCP_RST)) {
    return end_with(reason == REASON_RST_NO_SERVER ? REASON_NO_SERVER : REASON_NO_FLOW);
  }
  struct reset6 reset;
  __builtin_memset(&reset, 0, sizeof reset);
  if (fill_reset(frame, packet, &reset.tcp)) return end_with(REASON_MALFORMED);
  reset.tcp.check = ~fold(pseudo_sum(packet, sizeof reset.tcp, IPPROTO_TCP) +
                          bpf_csum_diff(0, 0, (void *)&reset.tcp, sizeof reset.tcp, 0));
  __u32 l3 = packet->l3;
  if (packet->family == 4) {
    struct reset4 small;
    __builtin_memset(&small.ip, 0, sizeof small.ip);
    fill_ip4(&small.ip, packet, sizeof small, IPPROTO_TCP);
    small.tcp = reset.tcp;
    if (frame_trim(frame, l3 + sizeof small) || frame_write(frame, l3, &small, sizeof small)) return end_with(REASON_REWRITE);
  } else {
    fill_ip6(&reset.ip, packet, sizeof reset, IPPROTO_TCP);
    if (frame_trim(frame, l3 + sizeof reset) || frame_write(frame, l3, &reset, sizeof reset)) return end_with(REASON_REWRITE);
  }
  count(reason);
  return send_back(frame);
}

_Static_assert(sizeof(struct too_big6) <= sizeof(((struct scratch *)0)->answer), "scratch holds an answer");

INLINE int too_big4(frame_t *frame, struct packet *packet, __u32 mtu) {
  struct scratch *scratch = get_scratch();
  if (!scratch) return -1;
  struct too_big4 *answer = (void *)scratch->answer;
  __builtin_memset(answer, 0, sizeof *answer);
  if (frame_read(frame, packet->l3, answer->quoted, QUOTED4)) return -1;
  answer->icmp.type = ICMP4_UNREACHABLE;
  answer->icmp.code = ICMP4_NEEDS_PIECES;
  answer->icmp.word = bpf_htonl(mtu);
  answer->icmp.checksum = ~fold(bpf_csum_diff(0, 0, (void *)&answer->icmp, sizeof answer->icmp + QUOTED4, 0));
  fill_ip4(&answer->ip, packet, sizeof *answer, IPPROTO_ICMP);
  if (frame_trim(frame, packet->l3 + sizeof *answer)) return -1;
  return frame_write(frame, packet->l3, answer, sizeof *answer);
}

INLINE int too_big6(frame_t *frame, struct packet *packet, __u32 mtu) {
  struct scratch *scratch = get_scratch();
  if (!scratch) return -1;
  struct too_big6 *answer = (void *)scratch->answer;
  __builtin_memset(answer, 0, sizeof *answer);
  if (frame_read(frame, packet->l3, answer->quoted, QUOTED6)) return -1;
  answer->icmp.type = ICMP6_TOO_BIG;
  answer->icmp.word = bpf_htonl(mtu);
  answer->icmp.checksum = ~fold(pseudo_sum(packet, sizeof answer->icmp + QUOTED6, IPPROTO_ICMPV6) +
                               bpf_csum_diff(0, 0, (void *)&answer->icmp, sizeof answer->icmp + QUOTED6, 0));
  fill_ip6(&answer->ip, packet, sizeof *answer, IPPROTO_ICMPV6);
  if (frame_trim(frame, packet->l3 + sizeof *answer)) return -1;
  return frame_write(frame, packet->l3, answer, sizeof *answer);
}

/* RFC 1191, RFC 8201: `mtu` is what fits into the tunnel. An IPv4 packet that may be cut is dropped all the same: we do not cut. */
SEPARATE int answer_too_big(frame_t *frame, struct packet *packet, __u32 mtu) {
  if (!packet) return VERDICT_DROP;
  if (packet->inner_l3 || packet->piece != PIECE_WHOLE) return end_with(REASON_TOO_BIG);
  int failed = packet->family == 4 ? too_big4(frame, packet, mtu) : too_big6(frame, packet, mtu);
  if (failed) return end_with(REASON_TOO_BIG);
  count(REASON_TOO_BIG_TOLD);
  return send_back(frame);
}

#endif
