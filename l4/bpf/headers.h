/* What headers look like, what a packet is to us, and its first part: as far as the addresses. */
#ifndef MOAT_HEADERS_H
#define MOAT_HEADERS_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "frame.h"
#include "shared.h"

#define NONE (-1)
#define NOT_IP (-2)
#define MAPPED bpf_htonl(0xffff)
#define TAGS_MOST 2
#define EXTENSIONS_MOST 6

#define PIECE_OFFSET 0x1fff /* of an IPv4 datagram in pieces */
#define PIECE_MORE 0x2000

/* Ours: <linux/icmp.h> draws in headers of the C library, which has no BPF. */
struct icmp {
  __u8 type, code;
  __be16 checksum;
  __be32 word; /* MTU of an error: IPv4 in the lower half, IPv6 all of it */
};
#define ICMP4_UNREACHABLE 3
#define ICMP4_NEEDS_PIECES 4 /* a code of it */
#define ICMP4_TIME_EXCEEDED 11
#define ICMP4_PARAMETER 12
#define ICMP6_UNREACHABLE 1
#define ICMP6_TOO_BIG 2
#define ICMP6_PARAMETER 4

struct tag {
  __be16 number, protocol;
};
struct extension {
  __u8 next, length;
  __be16 piece; /* of a fragment header: offset in its upper 13 bits, "more" in the last */
  __be32 id;
};
struct ports {
  __be16 source, destination;
};

enum piece { PIECE_WHOLE, PIECE_FIRST, PIECE_LATER };

#define TCP_FIN 1
#define TCP_SYN 2
#define TCP_RST 4
#define TCP_ACK 16

INLINE void set_v4(struct address *to, __be32 from) {
  to->word[0] = to->word[1] = 0;
  to->word[2] = MAPPED;
  to->word[3] = from;
}

INLINE int is_v4(const struct address *address) {
  return address->word[2] == MAPPED && address->word[0] == 0 && address->word[1] == 0;
}

INLINE int same_address(const struct address *one, const struct address *other) {
  return one->word[0] == other->word[0] && one->word[1] == other->word[1] && one->word[2] == other->word[2] &&
         one->word[3] == other->word[3];
}

/* As in l4/sieve.ts. */
INLINE __u32 sum_of_address(const struct address *address) {
  return address->word[0] * 0x9e3779b1u + address->word[1] * 0x85ebca77u + address->word[2] * 0xc2b2ae3du +
         address->word[3] * 0x27d4eb2fu;
}

INLINE __u32 upper_bits(__u32 sum, __u32 bits) { return ((sum ^ sum >> 15) * 0x9e3779b1u) >> (32 - bits); }

INLINE __u32 sieve_bit(const struct address *address) { return upper_bits(sum_of_address(address), SIEVE_BITS); }

INLINE __u32 endpoint_slot_of(const struct endpoint_key *key) {
  __u32 sum = sum_of_address(&key->address) + ((__u32)key->protocol << 16 | key->port) * 0x165667b1u;
  return upper_bits(sum, ENDPOINT_SLOT_BITS);
}

INLINE void set_v6(struct address *to, const struct in6_addr *from) { __builtin_memcpy(to, from, sizeof *to); }

INLINE int parse_v4(frame_t *frame, struct packet *packet) {
  struct iphdr *ip = frame_at(frame, packet->l3, sizeof *ip);
  if (!ip) return NOT_IP;
  packet->family = 4;
  packet->protocol = ip->protocol;
  packet->l3_bytes = bpf_ntohs(ip->tot_len);
  packet->l4 = packet->l3 + ip->ihl * 4;
  set_v4(&packet->source, ip->saddr);
  set_v4(&packet->destination, ip->daddr);
  return NONE;
}

INLINE int parse_v6(frame_t *frame, struct packet *packet) {
  struct ipv6hdr *ip = frame_at(frame, packet->l3, sizeof *ip);
  if (!ip) return NOT_IP;
  packet->family = 6;
  packet->protocol = ip->nexthdr;
  packet->l3_bytes = sizeof *ip + bpf_ntohs(ip->payload_len);
  packet->l4 = packet->l3 + sizeof *ip;
  set_v6(&packet->source, &ip->saddr);
  set_v6(&packet->destination, &ip->daddr);
  return NONE;
}

/* As far as the addresses: enough to know whether a packet is ours. NOT_IP: it is not. */
INLINE int parse_addresses(frame_t *frame, struct packet *packet) {
  if (frame_open(frame)) return NOT_IP;
  struct ethhdr *ethernet = frame_at(frame, 0, sizeof *ethernet);
  if (!ethernet) return NOT_IP;
  __be16 protocol = ethernet->h_proto;
  __u32 offset = sizeof *ethernet;
#pragma unroll
  for (int at = 0; at < TAGS_MOST; at++) {
    if (protocol != bpf_htons(ETH_P_8021Q) && protocol != bpf_htons(ETH_P_8021AD)) break;
    struct tag *tag = frame_at(frame, offset, sizeof *tag);
    if (!tag) return NOT_IP;
    protocol = tag->protocol;
    offset += sizeof *tag;
  }
  packet->l3 = offset;
  if (protocol == bpf_htons(ETH_P_IP)) return parse_v4(frame, packet);
  if (protocol == bpf_htons(ETH_P_IPV6)) return parse_v6(frame, packet);
  return NOT_IP;
}

#endif
