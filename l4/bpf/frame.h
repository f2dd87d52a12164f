/* What differs between the two builds: an XDP program sees a raw frame, a tc program the kernel's packet with its offloads. */
#ifndef MOAT_FRAME_H
#define MOAT_FRAME_H

#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define INLINE static __always_inline
/* Checked by the verifier once, by itself, and not anew for each way that leads to it: it takes its pointers for NULL or good. */
#define SEPARATE __attribute__((noinline))
/* Of offsets in a frame: the verifier must see that they are small. */
#define OFFSET_MASK 0x3ff
#define HIDE(value) asm volatile("" : "+r"(value))

#ifdef MOAT_XDP

typedef struct xdp_md frame_t;
#define VERDICT_PASS XDP_PASS
#define VERDICT_DROP XDP_DROP

/* Subtracted in 64 bits: pointers may not be narrowed before. */
INLINE __u32 frame_length(frame_t *frame) {
  __u64 length = (__u64)(void *)(long)frame->data_end - (__u64)(void *)(long)frame->data;
  HIDE(length);
  return (__u32)length;
}
INLINE __u32 frame_interface(frame_t *frame) { return frame->ingress_ifindex; }
INLINE int frame_is_for_others(frame_t *frame) { return 0; } /* it is not told here; cards hand on what is for them */
INLINE int frame_open(frame_t *frame) { return 0; }
/* Bytes of the largest packet on the wire that this frame becomes. */
INLINE __u32 frame_segment(frame_t *frame, __u32 l3_bytes, __u32 head_bytes) { return l3_bytes; }

INLINE int frame_send(frame_t *frame, __u32 interface) {
  return interface == frame->ingress_ifindex ? XDP_TX : (int)bpf_redirect(interface, 0);
}

INLINE long frame_trim(frame_t *frame, __u32 length) {
  return bpf_xdp_adjust_tail(frame, (int)length - (int)frame_length(frame));
}

#else

typedef struct __sk_buff frame_t;
/* Not "OK": filters of others that stand behind ours have their turn too. */
#define VERDICT_PASS TC_ACT_UNSPEC
#define VERDICT_DROP TC_ACT_SHOT

/* Headers that must be at hand: Ethernet, two tags, IPv6 with some extensions, what ICMP quotes. */
#define HEAD_BYTES 192

INLINE __u32 frame_length(frame_t *frame) { return frame->len; }
INLINE __u32 frame_interface(frame_t *frame) { return frame->ingress_ifindex; }
/* To the link address of another host: a switch that does not know where that one is sends it to all. */
INLINE int frame_is_for_others(frame_t *frame) { return frame->pkt_type == PACKET_OTHERHOST; }
INLINE int frame_open(frame_t *frame) {
  __u32 there = frame->data_end - frame->data;
  if (there >= HEAD_BYTES || there >= frame->len) return 0;
  return bpf_skb_pull_data(frame, frame->len < HEAD_BYTES ? frame->len : HEAD_BYTES);
}
/* Big packets of offloads are cut later, behind us. */
INLINE __u32 frame_segment(frame_t *frame, __u32 l3_bytes, __u32 head_bytes) {
  return frame->gso_size ? frame->gso_size + head_bytes : l3_bytes;
}
INLINE int frame_send(frame_t *frame, __u32 interface) { return (int)bpf_redirect(interface, 0); }
INLINE long frame_trim(frame_t *frame, __u32 length) { return bpf_skb_change_tail(frame, length, 0); }

#endif

/* Of a sum of 16-bit words: the carries come back in. */
INLINE __u16 fold(__u64 sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (__u16)sum;
}

/* `length` bytes at `offset`, or NULL when the frame ends before. */
INLINE void *frame_at(frame_t *frame, __u32 offset, const __u32 length) {
  HIDE(offset);
  offset &= OFFSET_MASK;
  void *at = (void *)(long)frame->data + offset;
  return at + length > (void *)(long)frame->data_end ? 0 : at;
}

#endif
