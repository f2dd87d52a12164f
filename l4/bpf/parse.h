/* Headers become a `struct packet`. Each parser returns NONE when the packet may go on, else the reason why it may not. */
#ifndef MOAT_PARSE_H
#define MOAT_PARSE_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "frame.h"
#include "maps.h"

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

struct packet {
  __u32 l3, l4; /* offsets in the frame */
  __u32 l3_bytes; /* of the IP packet, as its header says */
  __u32 inner_l3, inner_l4; /* of what an ICMP error quotes; 0: it is no error */
  __u8 family; /* 4, 6 */
  __u8 piece;
  __u8 tcp_flags; /* the byte of the header: FIN 1, SYN 2, RST 4, ACK 16 */
  __u8 protocol; /* key.protocol is that of the flow: the quoted one, for an ICMP error */
  __u64 now;
  struct flow_key key; /* as the packet has it; of an ICMP error, the packet that would answer the quoted one */
  struct address source, destination; /* in its own header, also where it is an ICMP error */
  __u32 service; /* its id; 0 on the way back */
};

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

INLINE void fragment_key_of(struct fragment_key *key, const struct packet *packet, __u32 id) {
  key->source = packet->source;
  key->destination = packet->destination;
  key->id = id;
  key->protocol = packet->protocol;
}

/* Later pieces have the ports that the first one had. */
SEPARATE int recall_ports(struct packet *packet, __u32 id) {
  if (!packet) return REASON_MALFORMED;
  struct fragment_key key;
  fragment_key_of(&key, packet, id);
  struct fragment_ports *ports = bpf_map_lookup_elem(&fragments, &key);
  if (!ports) return REASON_FRAGMENT_ORPHAN;
  packet->key.source_port = ports->source_port;
  packet->key.destination_port = ports->destination_port;
  return NONE;
}

SEPARATE int remember_ports(struct packet *packet, __u32 id) {
  if (!packet) return REASON_MALFORMED;
  struct fragment_key key;
  fragment_key_of(&key, packet, id);
  struct fragment_ports ports = {packet->key.source_port, packet->key.destination_port};
  bpf_map_update_elem(&fragments, &key, &ports, BPF_ANY);
  return NONE;
}

/* Walks over extension headers to the protocol that counts. *piece, *id: of a fragment header. */
INLINE int skip_extensions(frame_t *frame, __u32 *l4, __u8 *protocol, __u8 *piece, __u32 *id) {
  for (int at = 0; at < EXTENSIONS_MOST; at++) {
    __u8 kind = *protocol;
    if (kind != IPPROTO_HOPOPTS && kind != IPPROTO_ROUTING && kind != IPPROTO_DSTOPTS && kind != IPPROTO_AH &&
        kind != IPPROTO_FRAGMENT) {
      return NONE;
    }
    struct extension *extension = frame_at(frame, *l4, sizeof *extension);
    if (!extension) return REASON_MALFORMED;
    *protocol = extension->next;
    if (kind == IPPROTO_FRAGMENT) {
      __u16 place = bpf_ntohs(extension->piece);
      *piece = (place >> 3) ? PIECE_LATER : (place & 1) ? PIECE_FIRST : PIECE_WHOLE;
      *id = extension->id;
      *l4 += sizeof *extension;
      if (*piece == PIECE_LATER) return NONE;
    } else {
      *l4 += kind == IPPROTO_AH ? (extension->length + 2) * 4 : (extension->length + 1) * 8;
    }
    if (*l4 + 8 > OFFSET_MASK) return REASON_OPTIONS;
  }
  return REASON_OPTIONS;
}

/* What an ICMP error quotes is a packet of ours, or of a real server: the key is that of its answer. */
INLINE int parse_quoted(frame_t *frame, struct packet *packet) {
  __u32 at = packet->inner_l3;
  __u8 protocol;
  if (packet->family == 4) {
    struct iphdr *ip = frame_at(frame, at, sizeof *ip);
    if (!ip || ip->ihl < 5) return REASON_MALFORMED;
    if (ip->frag_off & bpf_htons(PIECE_OFFSET)) return REASON_FRAGMENT_ORPHAN;
    protocol = ip->protocol;
    set_v4(&packet->key.source, ip->daddr);
    set_v4(&packet->key.destination, ip->saddr);
    at += ip->ihl * 4;
  } else {
    struct ipv6hdr *ip = frame_at(frame, at, sizeof *ip);
    if (!ip) return REASON_MALFORMED;
    protocol = ip->nexthdr;
    set_v6(&packet->key.source, &ip->daddr);
    set_v6(&packet->key.destination, &ip->saddr);
    at += sizeof *ip;
    __u8 piece = PIECE_WHOLE;
    __u32 id = 0;
    int reason = skip_extensions(frame, &at, &protocol, &piece, &id);
    if (reason != NONE) return reason;
    if (piece == PIECE_LATER) return REASON_FRAGMENT_ORPHAN;
  }
  if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) return NOT_IP;
  struct ports *ports = frame_at(frame, at, sizeof *ports);
  if (!ports) return REASON_MALFORMED;
  packet->inner_l4 = at;
  packet->key.protocol = protocol;
  packet->key.source_port = ports->destination;
  packet->key.destination_port = ports->source;
  return NONE;
}

INLINE int parse_icmp(frame_t *frame, struct packet *packet) {
  struct icmp *icmp = frame_at(frame, packet->l4, sizeof *icmp);
  if (!icmp) return REASON_MALFORMED;
  int error = packet->family == 6 ? icmp->type >= ICMP6_UNREACHABLE && icmp->type <= ICMP6_PARAMETER
                                  : icmp->type == ICMP4_UNREACHABLE || icmp->type == ICMP4_TIME_EXCEEDED ||
                                        icmp->type == ICMP4_PARAMETER;
  if (!error) return NOT_IP; /* an echo: the stack answers it */
  packet->inner_l3 = packet->l4 + sizeof *icmp;
  return parse_quoted(frame, packet);
}

INLINE int parse_ports(frame_t *frame, struct packet *packet) {
  if (packet->protocol == IPPROTO_TCP) {
    struct tcphdr *tcp = frame_at(frame, packet->l4, sizeof *tcp);
    if (!tcp || tcp->doff < 5) return REASON_MALFORMED;
    packet->tcp_flags = ((__u8 *)tcp)[13];
    packet->key.source_port = tcp->source;
    packet->key.destination_port = tcp->dest;
    return NONE;
  }
  struct udphdr *udp = frame_at(frame, packet->l4, sizeof *udp);
  if (!udp || bpf_ntohs(udp->len) < sizeof *udp) return REASON_MALFORMED;
  packet->key.source_port = udp->source;
  packet->key.destination_port = udp->dest;
  return NONE;
}

/* From the addresses on to the ports, or to what an ICMP error quotes. NOT_IP: a protocol that is not balanced. */
INLINE int parse_transport(frame_t *frame, struct packet *packet) {
  __u32 id = 0;
  if (packet->l3 + packet->l3_bytes > frame_length(frame)) return REASON_MALFORMED;
  if (packet->family == 4) {
    struct iphdr *ip = frame_at(frame, packet->l3, sizeof *ip);
    if (!ip || ip->version != 4 || ip->ihl < 5 || packet->l3_bytes < ip->ihl * 4u) return REASON_MALFORMED;
    __u16 place = bpf_ntohs(ip->frag_off);
    if (place & PIECE_OFFSET) packet->piece = PIECE_LATER;
    else if (place & PIECE_MORE) packet->piece = PIECE_FIRST;
    id = ip->id;
  } else {
    struct ipv6hdr *ip = frame_at(frame, packet->l3, sizeof *ip);
    if (!ip || ip->version != 6) return REASON_MALFORMED;
    int reason = skip_extensions(frame, &packet->l4, &packet->protocol, &packet->piece, &id);
    if (reason != NONE) return reason;
  }
  packet->key.protocol = packet->protocol;
  packet->key.source = packet->source;
  packet->key.destination = packet->destination;
  if (packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP) {
    if (packet->piece == PIECE_LATER) return recall_ports(packet, id);
    int reason = parse_ports(frame, packet);
    if (reason == NONE && packet->piece == PIECE_FIRST) return remember_ports(packet, id);
    return reason;
  }
  if (packet->piece != PIECE_WHOLE) return NOT_IP;
  if (packet->family == 4 ? packet->protocol == IPPROTO_ICMP : packet->protocol == IPPROTO_ICMPV6) {
    return parse_icmp(frame, packet);
  }
  return NOT_IP;
}

#endif
