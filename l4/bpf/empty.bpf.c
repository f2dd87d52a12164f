/* Programs that do nothing: what a test run itself costs, and what must stand on the far end of a veth for XDP_TX to arrive. */
#include "frame.h"

SEC("xdp")
int empty_xdp(struct xdp_md *frame) { return XDP_PASS; }

SEC("tc")
int empty_tc(struct __sk_buff *frame) { return TC_ACT_OK; }

char LICENSE[] SEC("license") = "GPL";
