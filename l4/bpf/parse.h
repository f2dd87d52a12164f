/* Headers become a `struct packet`. Each parser returns NONE when the packet may go on, else the reason why it may not. */
#ifndef MOAT_PARSE_H
#define MOAT_PARSE_H

#include "headers.h"
#include "maps.h"

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
