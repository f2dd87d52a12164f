/* What happened is counted, each packet once by its reason, and the verdict follows from the reason. */
#ifndef MOAT_COUNT_H
#define MOAT_COUNT_H

#include "frame.h"
#include "maps.h"

INLINE struct tally *get_tally(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&tallies, &zero);
}

INLINE void count(__u32 reason) {
  struct tally *tally = get_tally();
  if (tally) tally->packets[reason % REASONS_MOST]++;
}

/* The time of the last tick. It changes with the tick and no oftener, and the number of ticks costs no call: a busy CPU
 * asks for the time once each. */
INLINE __u64 clock_now(void) {
  struct tally *tally = get_tally();
  __u64 jiffy = bpf_jiffies64();
  if (!tally) return bpf_ktime_get_coarse_ns();
  if (tally->jiffy != jiffy) {
    tally->now_ns = bpf_ktime_get_coarse_ns();
    tally->jiffy = jiffy;
  }
  return tally->now_ns;
}

/* Counts, and gives the verdict of all that is not sent on. */
INLINE int end_with(__u32 reason) {
  count(reason);
  return reason >= REASON_DROP_FIRST ? VERDICT_DROP : VERDICT_PASS;
}

INLINE struct scratch *get_scratch(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&scratches, &zero);
}

INLINE void tell(__u32 kind, __u32 real) {
  struct event event = {kind, real};
  bpf_ringbuf_output(&events, &event, sizeof event, 0);
}

#endif
