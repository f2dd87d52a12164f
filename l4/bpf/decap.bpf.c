/* The far end of tunnels, on a real server: IP in IP and GUE are unwrapped before the kernel sees them, for many kernels have no ipip.
 * Only from directors that are listed: whoever else may send such packets could forge any source. */
#define MOAT_XDP
#include "headers.h"

char LICENSE[] SEC("license") = "GPL";

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 256);
  __type(key, struct address);
  __type(value, __u32);
} directors SEC(".maps");

/* Unwrapped; refused, for the sender is no director; wrapped in a way that is not known. */
enum decap_reason { DECAP_DONE, DECAP_STRANGER, DECAP_UNKNOWN, DECAP_REASONS };

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, DECAP_REASONS);
  __type(key, __u32);
  __type(value, __u64);
} decap_counters SEC(".maps");

/* Who sent the last packet that was refused. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct address);
} stranger SEC(".maps");

/* UDP port of GUE, on the wire's order; 0: none. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);
} gue_port SEC(".maps");

struct gue_header {
  struct udphdr udp;
  __u8 length, protocol; /* words of options, and in the upper bits version and kind: both 0 */
  __be16 flags;
};

INLINE int counted(__u32 reason, int verdict) {
  __u64 *counter = bpf_map_lookup_elem(&decap_counters, &reason);
  if (counter) *counter += 1;
  return verdict;
}

/* Bytes of a GUE header that is ours, and what it carries; 0: it is another datagram, -1: it is GUE of a kind that is not known. */
INLINE int gue_bytes(frame_t *frame, struct packet *packet, __u8 *protocol) {
  __u32 zero = 0;
  __u32 *port = bpf_map_lookup_elem(&gue_port, &zero);
  struct gue_header *gue = frame_at(frame, packet->l4, sizeof *gue);
  if (!port || !*port || !gue || gue->udp.dest != (__be16)*port) return 0;
  if (gue->length != 0 || gue->flags != 0) return -1;
  *protocol = gue->protocol;
  return sizeof *gue;
}

INLINE int refuse(const struct address *source) {
  __u32 zero = 0;
  bpf_map_update_elem(&stranger, &zero, source, BPF_ANY);
  return counted(DECAP_STRANGER, XDP_DROP);
}

INLINE int keep_link(frame_t *frame, __u8 *link, const __u32 length, __be16 protocol) {
  __u8 *to = frame_at(frame, 0, length);
  if (!to) return XDP_DROP;
  __builtin_memcpy(to, link, length);
  __builtin_memcpy(to + length - sizeof protocol, &protocol, sizeof protocol);
  return counted(DECAP_DONE, XDP_PASS);
}

/* The link header, with its tags, moves to the front of the inner packet. */
INLINE int unwrap(frame_t *frame, struct packet *packet, int gue, __be16 protocol) {
  __u8 link[14 + 4 * TAGS_MOST];
  __u32 length = packet->l3, cut = packet->l4 + gue - length;
  if (cut > OFFSET_MASK || bpf_xdp_load_bytes(frame, 0, link, sizeof link)) return counted(DECAP_UNKNOWN, XDP_DROP);
  if (bpf_xdp_adjust_head(frame, (int)cut)) return counted(DECAP_UNKNOWN, XDP_DROP);
  if (length == 14) return keep_link(frame, link, 14, protocol);
  if (length == 18) return keep_link(frame, link, 18, protocol);
  return keep_link(frame, link, 22, protocol);
}

SEC("xdp")
int decap(frame_t *frame) {
  struct packet packet;
  __builtin_memset(&packet, 0, sizeof packet);
  if (parse_addresses(frame, &packet) != NONE) return XDP_PASS;
  __u8 protocol = packet.protocol;
  int bytes = 0;
  if (protocol == IPPROTO_UDP) bytes = gue_bytes(frame, &packet, &protocol);
  if (bytes < 0) return counted(DECAP_UNKNOWN, XDP_DROP);
  if (packet.protocol == IPPROTO_UDP && bytes == 0) return XDP_PASS;
  if (protocol != IPPROTO_IPIP && protocol != IPPROTO_IPV6) return XDP_PASS;
  if (!bpf_map_lookup_elem(&directors, &packet.source)) return refuse(&packet.source);
  return unwrap(frame, &packet, bytes, protocol == IPPROTO_IPIP ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6));
}
