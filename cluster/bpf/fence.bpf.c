/* The fence of a node: from the moment when its right to the virtual addresses has run out, it neither hears nor speaks as them, whatever
 * its processes do. What a director forwards passes by: it stands before this in tc, or in XDP. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define INLINE static __always_inline
#define MOST_ADDRESSES 4096
#define IP4_SOURCE 12
#define IP4_DESTINATION 16
#define SOLICITATION 135
#define ADVERTISEMENT 136

/* Of IPv4 as IPv4-mapped. */
struct address {
  __u32 words[4];
};

/* ns of CLOCK_MONOTONIC: closed from the one to the other. By the other one the addresses have gone: whoever is given them by hand has them. */
struct right {
  __u64 until_ns;
  __u64 over_ns;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct right);
} fence_right SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, MOST_ADDRESSES);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct address);
  __type(value, __u32);
} fence_addresses SEC(".maps");

struct arp {
  __be16 hardware, protocol;
  __u8 hardware_bytes, protocol_bytes;
  __be16 operation;
  __u8 sender_mac[ETH_ALEN];
  __u8 sender[4];
  __u8 target_mac[ETH_ALEN];
  __u8 target[4];
} __attribute__((packed));

struct discovery {
  __u8 type, code;
  __be16 checksum;
  __u32 flags;
  struct address target;
};

enum way { INWARD, OUTWARD };

INLINE int is_closed(void) {
  __u32 zero = 0;
  struct right *right = bpf_map_lookup_elem(&fence_right, &zero);
  if (!right) return 0;
  __u64 now = bpf_ktime_get_ns();
  return now >= right->until_ns && now < right->over_ns;
}

INLINE long load(struct __sk_buff *frame, __u32 offset, void *into, __u32 bytes) {
  return bpf_skb_load_bytes_relative(frame, offset, into, bytes, BPF_HDR_START_NET);
}

INLINE int is_fenced(const struct address *address) { return bpf_map_lookup_elem(&fence_addresses, address) != 0; }

INLINE int is_fenced4(__u32 address) {
  struct address mapped = {{0, 0, bpf_htonl(0xffff), address}};
  return is_fenced(&mapped);
}

INLINE int is_caught_arp(struct __sk_buff *frame, enum way way) {
  struct arp arp;
  if (load(frame, 0, &arp, sizeof arp)) return 0;
  if (arp.protocol != bpf_htons(ETH_P_IP) || arp.hardware_bytes != ETH_ALEN || arp.protocol_bytes != 4) return 0;
  __u32 address;
  __builtin_memcpy(&address, way == INWARD ? arp.target : arp.sender, 4);
  return is_fenced4(address);
}

/* Outward what somebody here says; what is handed on from others, as answers of real servers, is not ours to stop. */
INLINE int is_caught4(struct __sk_buff *frame, enum way way) {
  __u32 address;
  if (way == OUTWARD && !frame->sk) return 0;
  if (load(frame, way == INWARD ? IP4_DESTINATION : IP4_SOURCE, &address, sizeof address)) return 0;
  return is_fenced4(address);
}

INLINE int is_caught6(struct __sk_buff *frame, enum way way) {
  struct ipv6hdr head;
  if (load(frame, 0, &head, sizeof head)) return 0;
  struct address address;
  __builtin_memcpy(&address, way == INWARD ? &head.daddr : &head.saddr, sizeof address);
  struct discovery discovery;
  if (head.nexthdr == IPPROTO_ICMPV6 && load(frame, sizeof head, &discovery, sizeof discovery) == 0) {
    if (discovery.type == (way == INWARD ? SOLICITATION : ADVERTISEMENT) && is_fenced(&discovery.target)) return 1;
    if (discovery.type == SOLICITATION && is_fenced(&address)) return 1;
  }
  return (way == INWARD || frame->sk) && is_fenced(&address);
}

INLINE int judge(struct __sk_buff *frame, enum way way) {
  if (!is_closed()) return TC_ACT_UNSPEC;
  int is_caught = 0;
  switch (frame->protocol) {
  case bpf_htons(ETH_P_ARP): is_caught = is_caught_arp(frame, way); break;
  case bpf_htons(ETH_P_IP): is_caught = is_caught4(frame, way); break;
  case bpf_htons(ETH_P_IPV6): is_caught = is_caught6(frame, way); break;
  }
  return is_caught ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

SEC("tc")
int fence_inward(struct __sk_buff *frame) { return judge(frame, INWARD); }

SEC("tc")
int fence_outward(struct __sk_buff *frame) { return judge(frame, OUTWARD); }

char LICENSE[] SEC("license") = "GPL";
