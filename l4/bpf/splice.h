/* Connections that began by a cookie: the real server is asked until it answers, and from then on numbers are translated. */
#ifndef MOAT_SPLICE_H
#define MOAT_SPLICE_H

#include "cookie.h"

INLINE struct splice *splice_of(struct flow *flow) { return (struct splice *)&flow->hop; }

/* `by` is added to what the header says of the real server's numbers: of its own in one direction, of its echo in the other. */
INLINE void shift_word(__u8 *head, __u32 at, __u32 by) { store_word(head, at, load_word(head, at) + by); }

/* Windows mean what the other side understands by them. */
INLINE __u32 window_for(__u32 window, __u32 shift, __u32 understood) {
  __u64 bytes = (__u64)window << (shift == NO_SHIFT ? 0 : shift & 15);
  bytes >>= understood == NO_SHIFT ? 0 : understood & 15;
  return bytes > 0xffff ? 0xffff : (__u32)bytes;
}

INLINE void translate_window(struct segment *segment, __u32 shift, __u32 understood) {
  if (shift == understood) return;
  __u32 window = (__u32)segment->old[14] << 8 | segment->old[15];
  store_half(segment->fresh, 14, window_for(window, shift, understood));
}

/* What a client without scaling was shown is not scaled either. */
INLINE __u32 shown_shift(const struct splice *splice) { return splice->client_shift == NO_SHIFT ? NO_SHIFT : SHOWN_SHIFT; }

/* The client's segment, for the real server's eyes. NONE: it goes on. REASON_COOKIE_AGAIN: its SYN has to, once more. */
SEPARATE int splice_from_client(frame_t *frame, struct packet *packet, struct splice *splice) {
  struct scratch *scratch = get_scratch();
  if (!packet || !splice || !scratch) return REASON_REWRITE;
  if (packet->piece == PIECE_LATER) return NONE;
  int waiting = splice->phase == SPLICE_WAITING;
  if (waiting && (packet->tcp_flags & TCP_RST)) return NONE;
  int reason = read_segment(frame, packet);
  if (reason != NONE) return reason;
  if (waiting) return REASON_COOKIE_AGAIN;
  struct segment *segment = &scratch->segment;
  struct tcp_options *options = &segment->options;
  __u32 by = -splice->difference;
  if (packet->tcp_flags & TCP_ACK) shift_word(segment->fresh, 8, by);
  if (options->stamps_at) shift_word(segment->fresh, options->stamps_at + 4, -splice->stamp_difference);
#pragma unroll
  for (__u32 at = 0; at < 8; at++)
    if (at < 2u * options->sacks) shift_word(segment->fresh, options->sacks_at + 4 * at, by);
  /* Where the real server scales nothing, the client still does. */
  if (splice->real_shift == NO_SHIFT) translate_window(segment, splice->client_shift, NO_SHIFT);
  return edit_segment(frame, packet, segment);
}

/* The real server has answered. To the client this becomes a probe of the last number that it has acknowledged: it opens the
 * window, and makes the client acknowledge at once, which completes the real server's handshake. One packet comes and one
 * goes, so XDP can do it. Of the probe's one byte the client has had its fill (RFC 1122, 4.2.3.6). */
INLINE int make_probe(frame_t *frame, struct packet *packet, const struct splice *splice, struct segment *segment) {
  __u8 *fresh = segment->fresh;
  __u32 window = (__u32)segment->old[14] << 8 | segment->old[15];
  __builtin_memset(fresh + 12, 0, sizeof segment->fresh - 12);
  store_word(fresh, 4, splice->shown_start);
  fresh[13] = TCP_ACK;
  store_half(fresh, 14, window_for(window, NO_SHIFT, shown_shift(splice)));
  *(__u16 *)&fresh[16] = *(__u16 *)&segment->old[16];
  __u32 length = HEAD_LEAST;
  if (segment->options.stamps_at) {
    store_word(fresh, 20, OPTION_NOTHING << 24 | OPTION_NOTHING << 16 | OPTION_STAMPS << 8 | 10);
    store_word(fresh, 24, segment->options.stamp + splice->stamp_difference);
    store_word(fresh, 28, segment->options.echo);
    length += 12;
  }
  fresh[12] = length << 2;
  packet->tcp_flags = TCP_ACK;
  return replace_segment(frame, packet, length + 1);
}

INLINE void learn_numbers(struct splice *splice, const struct segment *segment) {
  splice->difference = splice->shown_start - load_word(segment->old, 4);
  splice->stamp_difference = splice->shown_stamp - segment->options.stamp;
  splice->real_shift = segment->options.shift;
  /* Whoever sees the phase sees the numbers. */
  __sync_val_compare_and_swap(&splice->phase, SPLICE_WAITING, SPLICE_READY);
}

INLINE int show_numbers(frame_t *frame, struct packet *packet, const struct splice *splice, struct segment *segment) {
  shift_word(segment->fresh, 4, splice->difference);
  if (segment->options.stamps_at) shift_word(segment->fresh, segment->options.stamps_at, splice->stamp_difference);
  translate_window(segment, splice->real_shift, shown_shift(splice));
  return edit_segment(frame, packet, segment);
}

/* A refusal: the client, which has its connection, takes a reset by its exact number only (RFC 5961, 3.2). */
INLINE int show_refusal(frame_t *frame, struct packet *packet, const struct splice *splice, struct segment *segment) {
  store_word(segment->fresh, 4, splice->shown_start + 1);
  return edit_segment(frame, packet, segment);
}

/* The real server's segment, for the client's eyes. `key` is that of the forward half. NONE: it goes on. */
SEPARATE int splice_from_real(frame_t *frame, struct packet *packet, const struct flow_key *key) {
  struct scratch *scratch = get_scratch();
  if (!packet || !key || !scratch) return REASON_REWRITE;
  if (packet->piece == PIECE_LATER || packet->inner_l3) return NONE;
  struct flow *flow = flow_get(key);
  if (!flow || !(flow->flags & FLOW_SPLICED)) return REASON_NO_FLOW;
  struct splice *splice = splice_of(flow);
  int reason = read_segment(frame, packet);
  if (reason != NONE) return reason;
  struct segment *segment = &scratch->segment;
  int waiting = splice->phase == SPLICE_WAITING;
  if ((packet->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == (TCP_SYN | TCP_ACK)) {
    if (packet->piece != PIECE_WHOLE) return REASON_FRAGMENT_ORPHAN;
    if (waiting) {
      learn_numbers(splice, segment);
      tell_flow(key, flow, NEWS_LIVES);
    }
    return make_probe(frame, packet, splice, segment);
  }
  if (!waiting) return show_numbers(frame, packet, splice, segment);
  return packet->tcp_flags & TCP_RST ? show_refusal(frame, packet, splice, segment) : REASON_NO_FLOW;
}

/* An ICMP error of the client's side quotes what the real server sent, by the number that was shown. */
SEPARATE int splice_quoted(frame_t *frame, struct packet *packet, const struct splice *splice) {
  if (!packet || !splice) return REASON_REWRITE;
  __be32 *number = frame_at(frame, packet->inner_l4 + 4, sizeof *number);
  if (!number || splice->phase == SPLICE_WAITING) return NONE;
  __be32 old = *number, new = bpf_htonl(bpf_ntohl(old) - splice->difference);
  __u64 difference = bpf_csum_diff(&old, sizeof old, &new, sizeof new, 0);
  if (frame_write(frame, packet->inner_l4 + 4, &new, sizeof new)) return REASON_REWRITE;
  return patch_sum(frame, packet->l4 + __builtin_offsetof(struct icmp, checksum), difference, 0) ? REASON_REWRITE : NONE;
}

#endif
