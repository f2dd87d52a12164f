/* SYN cookies (RFC 4987, 3.6): while a flood lasts a SYN is answered and forgotten. What it said comes back in the client's
 * acknowledgement: 5 bits of time, 3 of the segment size and 24 of a keyed hash in the sequence number, and what else was
 * agreed in the low bits of the time stamp, which the client sends back unchanged. */
#ifndef MOAT_COOKIE_H
#define MOAT_COOKIE_H

#include "admit.h"
#include "segment.h"

#define COOKIE_PERIOD_SHIFT 36 /* of nanoseconds: 69 s; a cookie is good in the period that it was made in, and in the next */
#define COOKIES_LINGER_NS 5000000000ull
#define STAMP_SACK 16 /* above the four bits of the shift */
#define STAMP_BITS 63
#define STAMPED 64
/* What the real server will announce is not known yet: Linux's usual shift. Windows are translated where it has another. */
#define SHOWN_SHIFT 7
#define SHOWN_SEGMENT4 1460
#define SHOWN_SEGMENT6 1440

/* Whole steps: the greatest that the client's is not below. */
INLINE __u32 segment_step(__u32 index) {
  switch (index & 7) {
    case 0: return 536;
    case 1: return 1220;
    case 2: return 1300;
    case 3: return 1360;
    case 4: return 1400;
    case 5: return 1440;
    case 6: return 1460;
    default: return 8940;
  }
}

INLINE __u32 step_of(__u32 segment) {
  __u32 index = 0;
#pragma unroll
  for (__u32 at = 1; at < 8; at++)
    if (segment >= segment_step(at)) index = at;
  return index;
}

/* Cookies for a while after the last second that had too many SYNs. Counts this one. */
SEPARATE int cookies_wanted(const struct service *service, __u32 id, __u64 now, int is_syn) {
  if (!service) return 0;
  __u32 threshold = service->cookie_threshold;
  if (!threshold) return 1;
  struct service_state *state = bpf_map_lookup_elem(&service_states, &id);
  if (!state) return 0;
  if (is_syn) {
    if ((__s64)(now - state->window_ns) >= (__s64)SECOND_NS) { /* another CPU may be ahead */
      state->window_ns = now;
      state->syns = 0;
    }
    __sync_fetch_and_add(&state->syns, 1);
    if (state->syns > threshold) state->cookies_until_ns = now + COOKIES_LINGER_NS;
  }
  return now < state->cookies_until_ns;
}

/* The key is of the packet that the client sends. */
SEPARATE __u32 cookie_hash(const struct settings *settings, const struct flow_key *key, __u32 start, __u32 said) {
  if (!settings || !key) return 0;
  __u64 k0 = settings->cookie_key[0], k1 = settings->cookie_key[1];
  struct sip sip = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573};
  __u64 words[4];
  __builtin_memcpy(words, &key->source, sizeof words);
  sip_word(&sip, words[0]);
  sip_word(&sip, words[1]);
  sip_word(&sip, words[2]);
  sip_word(&sip, words[3]);
  sip_word(&sip, (__u64)key->source_port << 48 | (__u64)key->destination_port << 32 | start);
  sip_word(&sip, (__u64)said | (__u64)48 << 56);
  sip.c ^= 0xff;
  sip_round(&sip);
  sip_round(&sip);
  sip_round(&sip);
  return (__u32)(sip.a ^ sip.b ^ sip.c ^ sip.d) & 0xffffff;
}
_Static_assert(__builtin_offsetof(struct flow_key, destination) == sizeof(struct address), "both addresses are hashed as one");

INLINE __u32 period_of(const struct settings *settings, __u64 now) {
  return (__u32)((now + settings->wall_ns) >> COOKIE_PERIOD_SHIFT);
}

/* start: the client's first sequence number. bits: what the time stamp carries, with STAMPED where there is one. */
INLINE __u32 make_cookie(const struct settings *settings, const struct flow_key *key, __u32 start, __u32 period,
                         __u32 step, __u32 bits) {
  __u32 hash = cookie_hash(settings, key, start, period << 10 | step << 7 | bits);
  return (period & 31) << 27 | step << 24 | hash;
}

INLINE void swap_ports(struct segment *segment) {
  __u32 ports = *(__u32 *)segment->old;
  *(__u32 *)segment->fresh = ports << 16 | ports >> 16;
}

INLINE int turn_around(frame_t *frame, struct packet *packet) {
  if (packet->family == 4) {
    struct iphdr ip;
    __builtin_memset(&ip, 0, sizeof ip);
    fill_ip4(&ip, packet, packet->l3_bytes, IPPROTO_TCP);
    return frame_write(frame, packet->l3, &ip, sizeof ip) ? -1 : 0;
  }
  struct ipv6hdr ip;
  __builtin_memset(&ip, 0, sizeof ip);
  fill_ip6(&ip, packet, packet->l3_bytes, IPPROTO_TCP);
  return frame_write(frame, packet->l3, &ip, sizeof ip) ? -1 : 0;
}

/* The window is 0: until the real server has answered, nobody could take what the client would send. */
SEPARATE int answer_cookie(frame_t *frame, struct packet *packet, const struct settings *settings) {
  struct scratch *scratch = get_scratch();
  if (!packet || !settings || !scratch) return VERDICT_DROP;
  struct segment *segment = &scratch->segment;
  if (packet->piece != PIECE_WHOLE) return end_with(REASON_FRAGMENT_ORPHAN);
  __u32 plain = packet->family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
  if (packet->l4 - packet->l3 != plain) return end_with(REASON_OPTIONS);
  int reason = read_segment(frame, packet);
  if (reason != NONE) return end_with(reason);
  struct tcp_options *options = &segment->options;
  __u32 stamped = options->flags & SPLICE_STAMPS;
  __u32 bits = stamped ? STAMPED | options->shift | (options->flags & SPLICE_SACK ? STAMP_SACK : 0) : 0;
  __u32 start = load_word(segment->old, 4);
  segment->opening = (struct opening){
      .acknowledged = start + 1,
      .flags = TCP_SYN | TCP_ACK,
      .segment = packet->family == 4 ? SHOWN_SEGMENT4 : SHOWN_SEGMENT6,
      .stamp = ((__u32)(packet->now / 1000000) & ~STAMP_BITS) | (bits & STAMP_BITS),
      .echo = options->stamp,
      .shift = options->shift == NO_SHIFT ? NO_SHIFT : SHOWN_SHIFT,
      .options = options->flags,
  };
  segment->opening.number =
      make_cookie(settings, &packet->key, start, period_of(settings, packet->now), step_of(options->segment), bits);
  __u32 length = fill_opening(segment);
  swap_ports(segment);
  reason = replace_segment(frame, packet, length);
  if (reason != NONE) return end_with(reason);
  if (turn_around(frame, packet)) return end_with(REASON_REWRITE);
  count(REASON_COOKIE_SENT);
  return send_back(frame);
}

/* Whether the client's first sequence number was `start`, when the cookie was made for it. */
INLINE int is_cookie(const struct settings *settings, struct packet *packet, __u32 cookie, __u32 start, __u32 bits) {
  __u32 period = period_of(settings, packet->now);
  period -= (period - (cookie >> 27)) & 31;
  if (period_of(settings, packet->now) - period > 1) return 0;
  return make_cookie(settings, &packet->key, start, period, cookie >> 24 & 7, bits) == cookie;
}

/* The packet, whose segment has been read, becomes the SYN that the client would have sent to the real server. */
SEPARATE int make_syn(frame_t *frame, struct packet *packet, const struct splice *splice) {
  struct scratch *scratch = get_scratch();
  if (!packet || !splice || !scratch) return REASON_REWRITE;
  if (packet->piece != PIECE_WHOLE) return REASON_FRAGMENT_ORPHAN;
  struct segment *segment = &scratch->segment;
  __u32 window = (__u32)segment->old[14] << 8 | segment->old[15];
  if (splice->client_shift != NO_SHIFT) window <<= splice->client_shift & 15;
  segment->opening = (struct opening){
      .number = splice->client_start,
      .flags = TCP_SYN,
      .window = window > 0xffff ? 0xffff : window,
      .segment = splice->segment,
      .stamp = segment->options.stamp,
      .shift = splice->client_shift,
      .options = splice->flags,
  };
  __u32 length = fill_opening(segment);
  packet->tcp_flags = TCP_SYN;
  return replace_segment(frame, packet, length);
}

/* Whether the packet acknowledges a cookie of ours: then scratch.splice says what was agreed. Its number is one more than that of
 * the client's SYN; the probe of a client whose first one was lost has the same (RFC 9293, 3.8.6.1). NONE, or REASON_COOKIE_OPENED. */
SEPARATE int accept_cookie(frame_t *frame, struct packet *packet, const struct settings *settings) {
  struct scratch *scratch = get_scratch();
  if (!packet || !settings || !scratch || packet->piece != PIECE_WHOLE) return NONE;
  if (read_segment(frame, packet) != NONE) return NONE;
  struct segment *segment = &scratch->segment;
  struct tcp_options *options = &segment->options;
  __u32 cookie = load_word(segment->old, 8) - 1, start = load_word(segment->old, 4) - 1;
  __u32 bits = options->flags & SPLICE_STAMPS ? STAMPED | (options->echo & STAMP_BITS) : 0;
  if (!is_cookie(settings, packet, cookie, start, bits) && !is_cookie(settings, packet, cookie, ++start, bits)) return NONE;
  struct splice *splice = &scratch->splice;
  __builtin_memset(splice, 0, sizeof *splice);
  splice->client_start = start;
  splice->shown_start = cookie;
  splice->shown_stamp = options->echo;
  splice->segment = segment_step(cookie >> 24);
  splice->client_shift = bits & STAMPED ? bits & 15 : NO_SHIFT;
  splice->flags = (bits & STAMPED ? SPLICE_STAMPS : 0) | (bits & STAMP_SACK ? SPLICE_SACK : 0);
  return REASON_COOKIE_OPENED;
}

#endif
