/* Tunnels: the packet goes whole into another one to the real server: IP in IP, or GUE (UDP, draft-ietf-intarea-gue, variant 0). */
#ifndef MOAT_TUNNEL_H
#define MOAT_TUNNEL_H

#include "hash.h"
#include "rewrite.h"

#define TUNNEL_TTL 64
#define GUE_SOURCE_PORTS 49152u

struct gue {
  struct udphdr udp;
  __u8 length; /* of options, with version and kind in the upper bits: 0 */
  __u8 protocol;
  __be16 flags;
};

struct outer4 {
  struct iphdr ip;
  struct gue gue;
};

struct outer6 {
  struct ipv6hdr ip;
  struct gue gue;
};

INLINE __u32 tunnel_bytes(const struct real *real) {
  __u32 ip = is_v4(&real->address) ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
  return ip + (real->tunnel == TUNNEL_GUE ? sizeof(struct gue) : 0);
}

INLINE void fill_gue(struct gue *gue, const struct real *real, const struct packet *packet, __u32 l3_bytes) {
  /* One flow, one source port: cards and routers spread by it, and keep the order. */
  __u32 mixed = (packet->key.source.word[3] ^ packet->key.source_port * 0x9e3779b1u) * 0x85ebca6bu;
  gue->udp.source = bpf_htons(GUE_SOURCE_PORTS + (mixed >> 18));
  gue->udp.dest = real->tunnel_port;
  gue->udp.len = bpf_htons(l3_bytes + sizeof *gue);
  gue->protocol = packet->family == 4 ? IPPROTO_IPIP : IPPROTO_IPV6;
}

INLINE __u16 ip_sum(struct iphdr *ip) { return ~fold(bpf_csum_diff(0, 0, (void *)ip, sizeof *ip, 0)); }

#ifdef MOAT_XDP

/* The link header moves to the front of the new room; one of 14, 18 or 22 bytes. */
INLINE long make_room(frame_t *frame, struct packet *packet, const struct real *real, __u32 bytes) {
  __u8 link[14 + 4 * TAGS_MOST];
  __u32 length = packet->l3;
  if (length != 14 && length != 18 && length != 22) return -1;
  if (bpf_xdp_load_bytes(frame, 0, link, sizeof link)) return -1;
  if (bpf_xdp_adjust_head(frame, -(int)bytes)) return -1;
  if (length == 14) return frame_write(frame, 0, link, 14);
  if (length == 18) return frame_write(frame, 0, link, 18);
  return frame_write(frame, 0, link, 22);
}

#else

INLINE long make_room(frame_t *frame, struct packet *packet, const struct real *real, __u32 bytes) {
  __u64 flags = is_v4(&real->address) ? BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 : BPF_F_ADJ_ROOM_ENCAP_L3_IPV6;
  if (real->tunnel == TUNNEL_GUE) flags |= BPF_F_ADJ_ROOM_ENCAP_L4_UDP;
  /* Segments of TCP shrink by what the tunnel takes; datagrams must not. */
  if (packet->protocol == IPPROTO_UDP) flags |= BPF_F_ADJ_ROOM_FIXED_GSO;
  return bpf_skb_adjust_room(frame, (int)bytes, BPF_ADJ_ROOM_MAC, flags);
}

#endif

INLINE long write_outer4(frame_t *frame, struct packet *packet, const struct real *real, const struct settings *settings,
                         __u32 l3_bytes) {
  struct outer4 outer;
  __builtin_memset(&outer, 0, sizeof outer);
  int gue = real->tunnel == TUNNEL_GUE;
  outer.ip.version = 4;
  outer.ip.ihl = 5;
  outer.ip.frag_off = bpf_htons(0x4000);
  outer.ip.ttl = TUNNEL_TTL;
  outer.ip.protocol = gue ? IPPROTO_UDP : packet->family == 4 ? IPPROTO_IPIP : IPPROTO_IPV6;
  outer.ip.saddr = settings->tunnel_source4;
  outer.ip.daddr = real->address.word[3];
  outer.ip.tot_len = bpf_htons(l3_bytes + tunnel_bytes(real));
  outer.ip.check = ip_sum(&outer.ip);
  if (!gue) return frame_write(frame, packet->l3, &outer.ip, sizeof outer.ip);
  fill_gue(&outer.gue, real, packet, l3_bytes);
  return frame_write(frame, packet->l3, &outer, sizeof outer);
}

INLINE long write_outer6(frame_t *frame, struct packet *packet, const struct real *real, const struct settings *settings,
                         __u32 l3_bytes) {
  struct outer6 outer;
  __builtin_memset(&outer, 0, sizeof outer);
  int gue = real->tunnel == TUNNEL_GUE;
  outer.ip.version = 6;
  outer.ip.hop_limit = TUNNEL_TTL;
  outer.ip.nexthdr = gue ? IPPROTO_UDP : packet->family == 4 ? IPPROTO_IPIP : IPPROTO_IPV6;
  __builtin_memcpy(&outer.ip.saddr, &settings->tunnel_source6, sizeof outer.ip.saddr);
  __builtin_memcpy(&outer.ip.daddr, &real->address, sizeof outer.ip.daddr);
  outer.ip.payload_len = bpf_htons(l3_bytes + tunnel_bytes(real) - sizeof outer.ip);
  if (!gue) return frame_write(frame, packet->l3, &outer.ip, sizeof outer.ip);
  fill_gue(&outer.gue, real, packet, l3_bytes);
  return frame_write(frame, packet->l3, &outer, sizeof outer);
}

/* Wraps the packet. The big ones of offloads are longer than their header says: the frame's own length counts. */
SEPARATE int wrap(frame_t *frame, struct packet *packet, const struct real *real, const struct settings *settings) {
  if (!packet || !real || !settings) return -1;
  __u32 l3 = packet->l3, l3_bytes = frame_length(frame) - l3;
  if (l3_bytes > packet->l3_bytes && packet->l3_bytes < 64) l3_bytes = packet->l3_bytes; /* padding of short frames */
  int v4 = is_v4(&real->address);
  if (make_room(frame, packet, real, tunnel_bytes(real))) return -1;
  __be16 protocol = v4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
  if (frame_write(frame, l3 - sizeof protocol, &protocol, sizeof protocol)) return -1;
  return v4 ? (int)write_outer4(frame, packet, real, settings, l3_bytes)
            : (int)write_outer6(frame, packet, real, settings, l3_bytes);
}

#endif
