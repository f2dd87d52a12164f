/* Makes of one packet, run again and again, those of many clients: each run takes the next port, and hands the packet on. A processor
 * that works through a burst has the program at hand, and none of the flows: bench/l4.ts tells what that costs. */
#include "parse.h"

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);
} next SEC(".maps");

INLINE void become_another(frame_t *frame) {
  struct iphdr *ip = frame_at(frame, sizeof(struct ethhdr), sizeof *ip + sizeof(struct ports));
  if (!ip) return;
  struct ports *ports = (void *)(ip + 1);
  ports->source = bpf_htons(bpf_ntohs(ports->source) + 1);
}

#ifdef MOAT_XDP
SEC("xdp")
#else
SEC("tc")
#endif
int clients(frame_t *frame) {
  become_another(frame);
  bpf_tail_call(frame, &next, 0);
  return VERDICT_PASS;
}

char LICENSE[] SEC("license") = "GPL";
