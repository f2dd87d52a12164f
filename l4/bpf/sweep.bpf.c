/* The sweep: a timer of the kernel's that goes through the flow table, a part at a time, and ends what is over.
 * It runs for as long as its map is pinned, whether or not a controller lives. */
#include "select.h"
#include "walk.h"

#define CLOCK_MONOTONIC 1
/* All parts within four seconds. */
#define TICK_NS (4000000000ull / FLOW_SHARDS)

struct sweeper {
  struct bpf_timer timer;
  __u32 shard; /* the next one */
  __u32 reserved;
  __u64 last_ns; /* a sign of life */
  __u64 ended; /* flows, since the beginning */
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct sweeper);
} sweepers SEC(".maps");

struct sweep {
  struct walk walk;
  __u64 now, ended;
  const struct settings *settings;
};

/* A half without the other: made by a fault or by two CPUs at once. It would keep its tuple taken. */
static __noinline int reply_is_alone(const struct flow_key *key, const struct flow *reply) {
  struct flow_key forward_key;
  reply_key_of(&forward_key, key, reply);
  forward_key.source = reply->destination;
  forward_key.source_port = reply->destination_port;
  forward_key.destination = reply->source;
  forward_key.destination_port = reply->source_port;
  return !flow_get(&forward_key);
}

static int look_at_flow(const struct flow_key *key, struct flow *flow, struct walk *walk) {
  struct sweep *sweep = (struct sweep *)walk;
  __u64 last = flow->last_ns, limit;
  if (flow->role == ROLE_TEMPLATE) {
    __u32 id = flow->service;
    struct service *service = bpf_map_lookup_elem(&services, &id);
    limit = service ? service->persist_ns : 0;
  } else if (flow->role == ROLE_REPLY) {
    if (sweep->now < last + sweep->settings->syn_ns || !reply_is_alone(key, flow)) return 0;
    limit = sweep->settings->syn_ns;
  } else {
    limit = timeout_of(sweep->settings, flow->state);
    if (sweep->now > last + limit) last = last_use(key, flow);
  }
  if (sweep->now <= last + limit) return 0;
  if (flow->role == ROLE_FORWARD) {
    if (!flow_end(key, flow)) return 0;
  } else {
    flow_delete(key);
  }
  sweep->ended++;
  return 0;
}

static int on_tick(void *map, __u32 *key, struct sweeper *sweeper) {
  __u32 zero = 0, shard = sweeper->shard % FLOW_SHARDS;
  struct sweep sweep = {.now = bpf_ktime_get_ns(), .settings = bpf_map_lookup_elem(&settings, &zero)};
  struct flow_seed *seed = get_seed();
  if (seed && sweep.settings) walk_flows(seed, shard, &sweep.walk);
  sweeper->shard = shard + 1;
  sweeper->last_ns = sweep.now;
  sweeper->ended += sweep.ended;
  bpf_timer_start(&sweeper->timer, TICK_NS, 0);
  return 0;
}

/* Run once by the loader (BPF_PROG_TEST_RUN), and by the next one, whose code takes over then. */
SEC("tc")
int start_sweep(struct __sk_buff *skb) {
  __u32 zero = 0;
  struct sweeper *sweeper = bpf_map_lookup_elem(&sweepers, &zero);
  if (!sweeper) return 1;
  bpf_timer_init(&sweeper->timer, &sweepers, CLOCK_MONOTONIC); /* fails with EBUSY where it is made already */
  if (bpf_timer_set_callback(&sweeper->timer, on_tick)) return 2; /* not made: ENOMEM, which passes */
  return bpf_timer_start(&sweeper->timer, TICK_NS, 0) ? 3 : 0;
}

char LICENSE[] SEC("license") = "GPL";
