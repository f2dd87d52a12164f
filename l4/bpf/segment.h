/* The header of a TCP segment with its options: read, changed in its place, or another one put there. */
#ifndef MOAT_SEGMENT_H
#define MOAT_SEGMENT_H

#include "answer.h"

#define HEAD_LEAST 20u
#define HEAD_MOST 60u

#define OPTION_END 0
#define OPTION_NOTHING 1
#define OPTION_SEGMENT 2
#define OPTION_SHIFT 3
#define OPTION_SACK_PERMITTED 4
#define OPTION_SACK 5
#define OPTION_STAMPS 8

INLINE __u32 load_word(const __u8 *head, __u32 at) {
  at &= 63;
  return (__u32)head[at] << 24 | (__u32)head[at + 1] << 16 | (__u32)head[at + 2] << 8 | head[at + 3];
}

INLINE void store_word(__u8 *head, __u32 at, __u32 value) {
  at &= 63;
  head[at] = value >> 24;
  head[at + 1] = value >> 16;
  head[at + 2] = value >> 8;
  head[at + 3] = value;
}

INLINE void store_half(__u8 *head, __u32 at, __u32 value) {
  at &= 63;
  head[at] = value >> 8;
  head[at + 1] = value;
}

/* 1 ends it. */
static long read_option(__u32 turn, __u32 *place) {
  struct scratch *scratch = get_scratch();
  if (!scratch) return 1;
  struct segment *segment = &scratch->segment;
  __u32 at = *place & 63;
  if (at >= segment->length) return 1;
  __u8 kind = segment->old[at];
  if (kind == OPTION_END) return 1;
  if (kind == OPTION_NOTHING) {
    *place = at + 1;
    return 0;
  }
  __u8 length = segment->old[at + 1];
  if (length < 2 || at + length > segment->length) return 1;
  struct tcp_options *options = &segment->options;
  if (kind == OPTION_SEGMENT && length == 4) options->segment = (__u16)segment->old[at + 2] << 8 | segment->old[at + 3];
  if (kind == OPTION_SHIFT && length == 3) options->shift = segment->old[at + 2] > 14 ? 14 : segment->old[at + 2];
  if (kind == OPTION_SACK_PERMITTED) options->flags |= SPLICE_SACK;
  if (kind == OPTION_SACK && length >= 10) {
    options->sacks_at = at + 2;
    options->sacks = (length - 2) / 8;
  }
  if (kind == OPTION_STAMPS && length == 10) {
    options->flags |= SPLICE_STAMPS;
    options->stamps_at = at + 2;
    options->stamp = load_word(segment->old, at + 2);
    options->echo = load_word(segment->old, at + 6);
  }
  *place = at + length;
  return 0;
}

/* Into the scratch, `fresh` as `old`. NONE, or the reason why it cannot be. */
SEPARATE int read_segment(frame_t *frame, struct packet *packet) {
  struct scratch *scratch = get_scratch();
  if (!packet || !scratch) return REASON_MALFORMED;
  struct segment *segment = &scratch->segment;
  struct tcphdr *tcp = frame_at(frame, packet->l4, sizeof *tcp);
  if (!tcp) return REASON_MALFORMED;
  __u32 length = tcp->doff * 4;
  if (packet->l4 - packet->l3 + length > packet->l3_bytes) return REASON_MALFORMED;
  HIDE(length);
  if (length < HEAD_LEAST || length > HEAD_MOST) return REASON_MALFORMED;
  __builtin_memset(segment, 0, sizeof *segment);
  segment->options.shift = NO_SHIFT;
  if (frame_read(frame, packet->l4, segment->old, length)) return REASON_MALFORMED;
  segment->length = length;
  __builtin_memcpy(segment->fresh, segment->old, sizeof segment->old);
  __u32 place = HEAD_LEAST;
  bpf_loop(HEAD_MOST - HEAD_LEAST, read_option, &place, 0);
  return NONE;
}

INLINE long write_fresh(frame_t *frame, __u32 offset, struct segment *segment, __u32 length) {
  HIDE(length);
  if (length < HEAD_LEAST || length > HEAD_MOST + 1) return -1;
  return frame_store(frame, offset, segment->fresh, length);
}

INLINE __u64 fresh_difference(struct segment *segment) {
  return bpf_csum_diff((void *)segment->old, sizeof segment->old, (void *)segment->fresh, sizeof segment->fresh, 0);
}

/* The header changes, its length and what follows stay. */
INLINE int edit_segment(frame_t *frame, struct packet *packet, struct segment *segment) {
  __u64 difference = fresh_difference(segment);
  if (write_fresh(frame, packet->l4, segment, segment->length)) return REASON_REWRITE;
  if (patch_sum(frame, packet->l4 + __builtin_offsetof(struct tcphdr, check), difference, 0)) return REASON_REWRITE;
  return NONE;
}

INLINE int set_length(frame_t *frame, struct packet *packet, __u32 l3_bytes) {
  if (packet->family == 6) {
    struct ipv6hdr *ip = frame_at(frame, packet->l3, sizeof *ip);
    if (!ip) return -1;
    ip->payload_len = bpf_htons(l3_bytes - sizeof *ip);
  } else {
    struct iphdr *ip = frame_at(frame, packet->l3, sizeof *ip);
    if (!ip) return -1;
    __u32 sum = (__u16)~ip->check + (__u16)~ip->tot_len + bpf_htons(l3_bytes);
    ip->tot_len = bpf_htons(l3_bytes);
    ip->check = ~fold(sum);
  }
  packet->l3_bytes = l3_bytes;
  return 0;
}

/* Another segment of `length` bytes takes its place, with nothing behind it. Where the sum is left to the network card it
 * stays so: it is patched by what changes, unless there was a payload, whose sum nobody knows. */
SEPARATE int replace_segment(frame_t *frame, struct packet *packet, __u32 length) {
  struct scratch *scratch = get_scratch();
  if (!packet || !scratch) return REASON_REWRITE;
  struct segment *segment = &scratch->segment;
  __u32 before = packet->l3_bytes - (packet->l4 - packet->l3);
  __u32 sum_at = packet->l4 + __builtin_offsetof(struct tcphdr, check);
  int whole = 1;
#ifndef MOAT_XDP
  whole = before != segment->length;
#endif
  if (whole) {
    store_half(segment->fresh, 16, 0);
    __u64 sum = pseudo_sum(packet, length, IPPROTO_TCP) +
                bpf_csum_diff(0, 0, (void *)segment->fresh, sizeof segment->fresh, 0);
    *(__u16 *)&segment->fresh[16] = ~fold(sum);
  }
  __u64 difference = fresh_difference(segment);
  if (frame_trim(frame, packet->l4 + length)) return REASON_REWRITE;
  if (write_fresh(frame, packet->l4, segment, length)) return REASON_REWRITE;
  if (!whole) {
    __be32 old = bpf_htonl(before), new = bpf_htonl(length);
    __u64 by_length = bpf_csum_diff(&old, sizeof old, &new, sizeof new, 0);
    if (patch_sum(frame, sum_at, by_length, SUM_PSEUDO)) return REASON_REWRITE;
    if (patch_sum(frame, sum_at, difference, 0)) return REASON_REWRITE;
  }
  return set_length(frame, packet, packet->l4 - packet->l3 + length) ? REASON_REWRITE : NONE;
}

/* Fills `fresh` anew behind the ports, by `opening`. Gives its length. */
INLINE __u32 fill_opening(struct segment *segment) {
  const struct opening *head = &segment->opening;
  __u8 *fresh = segment->fresh;
  __builtin_memset(fresh + 4, 0, sizeof segment->fresh - 4);
  store_word(fresh, 4, head->number);
  store_word(fresh, 8, head->acknowledged);
  fresh[13] = head->flags;
  store_half(fresh, 14, head->window);
  *(__u16 *)&fresh[16] = *(__u16 *)&segment->old[16];
  store_word(fresh, 20, OPTION_SEGMENT << 24 | 4 << 16 | head->segment);
  __u32 length = 24;
  if (head->options & SPLICE_STAMPS) {
    __u32 sack = head->options & SPLICE_SACK ? OPTION_SACK_PERMITTED << 24 | 2 << 16 : OPTION_NOTHING << 24 | OPTION_NOTHING << 16;
    store_word(fresh, 24, sack | OPTION_STAMPS << 8 | 10);
    store_word(fresh, 28, head->stamp);
    store_word(fresh, 32, head->echo);
    length = 36;
    if (head->shift != NO_SHIFT) {
      store_word(fresh, 36, OPTION_NOTHING << 24 | OPTION_SHIFT << 16 | 3 << 8 | head->shift);
      length = 40;
    }
  }
  fresh[12] = length << 2;
  return length;
}

#endif
