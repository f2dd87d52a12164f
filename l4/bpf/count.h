/* What happened is counted, each packet once by its reason, and the verdict follows from the reason. */
#ifndef MOAT_COUNT_H
#define MOAT_COUNT_H

#include "frame.h"
#include "maps.h"

INLINE void count(__u32 reason) {
  __u64 *counter = bpf_map_lookup_elem(&counters, &reason);
  if (counter) *counter += 1;
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
