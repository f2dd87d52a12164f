/* The least that a director can do in dr mode: one look for address and port, other link addresses, out where it came in.
 * bench/l4.ts holds the director's cost against it. */
#include "parse.h"

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16);
  __type(key, struct endpoint_key);
  __type(value, struct hop);
} least_hops SEC(".maps");

INLINE int rewrite(frame_t *frame) {
  struct iphdr *ip = frame_at(frame, sizeof(struct ethhdr), sizeof *ip + sizeof(struct ports));
  if (!ip || ip->version != 4 || ip->ihl != 5) return VERDICT_PASS;
  struct ports *ports = (void *)(ip + 1);
  struct endpoint_key key;
  __builtin_memset(&key, 0, sizeof key);
  set_v4(&key.address, ip->daddr);
  key.port = ports->destination;
  key.protocol = ip->protocol;
  struct hop *hop = bpf_map_lookup_elem(&least_hops, &key);
  __u32 *link = frame_at(frame, 0, sizeof hop->link);
  if (!hop || !link) return VERDICT_PASS;
  link[0] = hop->link[0];
  link[1] = hop->link[1];
  link[2] = hop->link[2];
  return frame_send(frame, frame_interface(frame));
}

#ifdef MOAT_XDP
SEC("xdp")
#else
SEC("tc")
#endif
int least(frame_t *frame) { return rewrite(frame); }

char LICENSE[] SEC("license") = "GPL";
