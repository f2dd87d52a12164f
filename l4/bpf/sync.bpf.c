/* Run by the process that keeps flows for two directors (BPF_PROG_TEST_RUN), never by a packet: here counts change by the same
 * atomic steps as in the director, and a batch of flows is one system call. What is asked and answered lies in the "packet". */
#include "admit.h"
#include "walk.h"

char LICENSE[] SEC("license") = "GPL";

#define AT 16

struct telling {
  struct walk walk;
  const struct settings *settings;
  __u64 now, since_ns;
  __u32 foreign, told, lost;
};

static int look_at_flow(const struct flow_key *key, struct flow *flow, struct walk *walk) {
  struct telling *telling = (struct telling *)walk;
  if (flow->role == ROLE_REPLY || flow->state == STATE_SYN || flow->state == STATE_DEAD) return 0;
  if ((flow->flags & FLOW_SYNCED) && !telling->foreign) return 0;
  __u64 last = last_use(key, flow);
  if (last < telling->since_ns) return 0;
  /* In a snapshot also those that were told, for the word may have reached nobody. */
  __u32 wanted = telling->foreign ? FLOW_MIDWAY | FLOW_TOLD : FLOW_MIDWAY;
  if (!(flow->flags & wanted) && !is_needed_elsewhere(telling->settings, key, flow)) return 0;
  struct flow_news *news = bpf_ringbuf_reserve(&flow_news, sizeof *news, 0);
  if (!news) {
    telling->lost++;
    return 0;
  }
  __u64 idle_ms = telling->now > last ? (telling->now - last) / 1000000 : 0;
  news->kind = NEWS_LIVES;
  news->idle_ms = idle_ms > 0xffffffff ? 0xffffffff : idle_ms;
  news->key = *key;
  news->flow = *flow;
  bpf_ringbuf_submit(news, BPF_RB_NO_WAKEUP);
  mark_told(flow);
  telling->told++;
  return 0;
}

SEPARATE int walk_shard(struct walk_order *order) {
  __u32 zero = 0;
  if (!order) return 2;
  struct telling telling = {.settings = bpf_map_lookup_elem(&settings, &zero), .now = bpf_ktime_get_ns(),
                      .since_ns = order->since_ns, .foreign = order->foreign};
  __u32 shard = order->shard;
  struct flow_seed *seed = get_seed();
  if (!seed || !telling.settings) return 2;
  walk_flows(seed, shard, &telling.walk);
  struct flow_news *news = bpf_ringbuf_reserve(&flow_news, sizeof *news, 0);
  if (news) {
    __builtin_memset(news, 0, sizeof *news);
    news->kind = NEWS_WALKED;
    news->flow.real = shard;
    bpf_ringbuf_submit(news, BPF_RB_FORCE_WAKEUP);
  } else {
    telling.lost++;
  }
  order->told = telling.told;
  order->lost = telling.lost;
  return 0;
}

/* Tells of the flows of one shard, and then that it is walked. */
SEC("tc")
int export_flows(struct __sk_buff *skb) {
  struct walk_order order;
  if (bpf_skb_load_bytes(skb, AT, &order, sizeof order)) return 1;
  int failed = walk_shard(&order);
  if (failed) return failed;
  return bpf_skb_store_bytes(skb, AT, &order, sizeof order, 0) ? 3 : 0;
}

/* The record of this CPU: on the stack there is no room for it. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct flow_news);
} import_room SEC(".maps");

INLINE int same_tuple(const struct flow *a, const struct flow *b) {
  return same_address(&a->source, &b->source) && same_address(&a->destination, &b->destination) &&
         a->source_port == b->source_port && a->destination_port == b->destination_port;
}

INLINE void mark_reply(const struct flow_key *key, const struct flow *flow, __u64 last) {
  struct flow_key reply_key;
  reply_key_of(&reply_key, key, flow);
  struct flow *reply = flow_get(&reply_key);
  if (!reply) return;
  reply->flags |= FLOW_SYNCED;
  if (reply->last_ns < last) reply->last_ns = last;
}

/* It stands there already, with the same real server. */
SEPARATE int update_known(const struct flow_news *news, struct flow *known, __u64 last) {
  if (!news || !known) return IMPORTED_UNKNOWN;
  flow_change(known, news->flow.state);
  known->flags |= FLOW_SYNCED;
  if (known->last_ns < last) known->last_ns = last;
  if (news->flow.flags & known->flags & FLOW_SPLICED) known->hop = news->flow.hop;
  if (known->mode == MODE_NAT || known->mode == MODE_FULLNAT) mark_reply(&news->key, known, last);
  return IMPORTED_UPDATED;
}

SEPARATE int insert_import(struct flow_news *news) {
  if (!news) return IMPORTED_UNKNOWN;
  struct flow *flow = &news->flow;
  __u32 id = flow->service;
  struct service *service = bpf_map_lookup_elem(&services, &id);
  if (!service) return IMPORTED_UNKNOWN;
  if (flow->role == ROLE_TEMPLATE) return flow_put(&news->key, flow) ? IMPORTED_FULL : IMPORTED_NEW;
  int translated = flow->mode == MODE_NAT || flow->mode == MODE_FULLNAT;
  if (translated) {
    int failed = insert_reply(&news->key, flow);
    if (failed) return failed == -EXIST ? IMPORTED_TAKEN : IMPORTED_FULL;
  }
  count_open(&news->key, flow, service);
  count_flow(flow->real, flow->state, 1);
  if (!flow_insert(&news->key, flow)) return IMPORTED_NEW;
  count_flow(flow->real, flow->state, -1);
  flow_uncount(&news->key, flow);
  if (translated) {
    struct flow_key reply_key;
    reply_key_of(&reply_key, &news->key, flow);
    flow_delete(&reply_key);
  }
  return IMPORTED_FULL;
}

/* Whoever has seen a packet of it last knows it better: its own flow is left to this director. */
SEPARATE int import_one(struct flow_news *news, __u64 now) {
  if (!news) return IMPORTED_UNKNOWN;
  struct flow *flow = &news->flow, *known = flow_get(&news->key);
  __u64 idle = (__u64)news->idle_ms * 1000000, last = now > idle ? now - idle : 0;
  if (known && known->state == STATE_DEAD) return IMPORTED_OWN;
  if (news->kind == NEWS_ENDS) {
    if (!known || !(known->flags & FLOW_SYNCED)) return IMPORTED_OWN;
    flow_end(&news->key, known);
    return IMPORTED_ENDED;
  }
  __u32 real_id = flow->real;
  struct real *real = bpf_map_lookup_elem(&reals, &real_id);
  if (!real || real->service != flow->service) return IMPORTED_UNKNOWN;
  if (flow->role == ROLE_FORWARD && real->mode != flow->mode) return IMPORTED_UNKNOWN;
  flow->last_ns = last;
  flow->flags = (flow->flags & FLOW_SPLICED) | FLOW_SYNCED;
  if (known && !(known->flags & FLOW_SYNCED) && last_use(&news->key, known) >= last) {
    known->flags |= FLOW_TOLD; /* the other one has it: it shall know how it ends */
    return IMPORTED_OWN;
  }
  if (known && known->role == ROLE_FORWARD) {
    if (known->real == flow->real && known->mode == flow->mode && same_tuple(known, flow)) return update_known(news, known, last);
    flow_end(&news->key, known);
  }
  return insert_import(news);
}

struct batch {
  struct __sk_buff *skb;
  __u64 now;
};

static long import_at(__u32 at, struct batch *batch) {
  __u32 zero = 0, place = AT + at * (__u32)sizeof(struct flow_news);
  struct flow_news *news = bpf_map_lookup_elem(&import_room, &zero);
  if (!news || bpf_skb_load_bytes(batch->skb, place, news, sizeof *news)) return 1;
  __u32 became = import_one(news, batch->now);
  return bpf_skb_store_bytes(batch->skb, place, &became, sizeof became, 0) ? 1 : 0;
}

/* Takes the flows that stand in the "packet", and answers in the place of each one's kind. How many they were. */
SEC("tc")
int import_flows(struct __sk_buff *skb) {
  struct batch batch = {skb, bpf_ktime_get_ns()};
  if (skb->len < AT + sizeof(struct flow_news)) return 0;
  __u32 count = (skb->len - AT) / sizeof(struct flow_news);
  if (count > IMPORTS_MOST) return 0;
  return bpf_loop(count, import_at, &batch, 0);
}
