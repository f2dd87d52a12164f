/* A small object for the tests of the BPF addon: one map of each kind that moat uses, and programs that touch them. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

struct sample_value {
  __u64 count;
  __u32 mark;
  __u16 port;
  __u8 flags;
  __u8 pad;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, __u32);
  __type(value, struct sample_value);
} table SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u32);
} counters SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 65536);
} events SEC(".maps");

struct inner {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, __u32);
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 2);
  __type(key, __u32);
  __array(values, struct inner);
} outer SEC(".maps");

/* Counts, tells the packet's length, and drops what is longer than 64 bytes. */
SEC("xdp")
int sample_xdp(struct xdp_md *ctx) {
  __u32 zero = 0;
  __u32 length = ctx->data_end - ctx->data;
  __u32 *count = bpf_map_lookup_elem(&counters, &zero);
  if (count) *count += 1;
  bpf_ringbuf_output(&events, &length, sizeof length, 0);
  bpf_map_lookup_elem(&outer, &zero);
  return length > 64 ? XDP_DROP : XDP_PASS;
}

SEC("tc")
int sample_tc(struct __sk_buff *skb) {
  __u32 key = skb->len;
  struct sample_value value = {.count = 1, .port = 80};
  bpf_map_update_elem(&table, &key, &value, BPF_ANY);
  return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "GPL";
