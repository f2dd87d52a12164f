/* A new flow: may it come, who serves it, and what is kept of it. */
#ifndef MOAT_ADMIT_H
#define MOAT_ADMIT_H

#include "guard.h"
#include "select.h"

#define PORT_TRIES 16
#define POOLS_MOST 8

struct admission {
  __u32 real;
  __u32 reason; /* as what the packet will be counted: in */
};

INLINE __u32 first_state(const struct packet *packet) {
  if (packet->protocol != IPPROTO_TCP) return STATE_UDP;
  return packet->tcp_flags & TCP_SYN ? STATE_SYN : STATE_ESTABLISHED;
}

INLINE void count_open(const struct flow_key *flow_key, struct flow *flow, const struct service *service) {
  __u32 id = flow->service;
  struct service_state *state = bpf_map_lookup_elem(&service_states, &id);
  if (state) __sync_fetch_and_add(&state->open, 1);
  if (service->source.connections) {
    struct client_key key;
    client_key_of(&key, flow_key, id);
    __u32 one = 1;
    __u32 *open = bpf_map_lookup_elem(&client_flows, &key);
    if (open) __sync_fetch_and_add(open, 1);
    else if (bpf_map_update_elem(&client_flows, &key, &one, BPF_NOEXIST)) return;
    flow->flags |= FLOW_SOURCE_COUNTED;
  }
}

/* The reply's half, which also proves that its tuple is free. */
SEPARATE int insert_reply(const struct flow_key *key, const struct flow *flow) {
  if (!key || !flow) return -1;
  struct scratch *scratch = get_scratch();
  if (!scratch) return -1;
  reply_key_of(&scratch->reply_key, key, flow);
  struct flow *reply = &scratch->reply;
  __builtin_memset(reply, 0, sizeof *reply);
  reply->last_ns = flow->last_ns;
  reply->real = flow->real;
  reply->service = flow->service;
  reply->source = key->destination;
  reply->destination = key->source;
  reply->source_port = key->destination_port;
  reply->destination_port = key->source_port;
  reply->state = flow->state;
  reply->role = ROLE_REPLY;
  reply->mode = flow->mode;
  reply->flags = flow->flags & (FLOW_SPLICED | FLOW_SYNCED);
  return flow_insert(&scratch->reply_key, reply);
}

INLINE void add_to_address(struct address *address, __u32 by) {
  address->word[3] = bpf_htonl(bpf_ntohl(address->word[3]) + by);
}

/* A source of ours that this real server does not know yet: a few tries at places that the flow's hash names. */
SEPARATE int insert_from_pool(const struct settings *settings, const struct flow_key *key, struct flow *flow) {
  if (!settings || !key || !flow) return REASON_NO_PORT;
  __u64 hash = sip_hash(settings, &key->source, key->source_port ^ key->destination_port);
  int v4 = is_v4(&flow->destination);
  __u32 start = hash >> 40;
  for (__u32 at = 0; at < PORT_TRIES; at++) {
    __u32 index = settings->pools ? (start + at) % settings->pools : 0;
    struct pool *pool = bpf_map_lookup_elem(&pools, &index);
    if (!pool || !pool->addresses) return REASON_NO_PORT;
    hash = hash * 6364136223846793005ull + 1442695040888963407ull;
    if (is_v4(&pool->first) != v4) continue;
    __u32 draw = hash >> 32;
    flow->source = pool->first;
    add_to_address(&flow->source, draw % pool->addresses);
    flow->source_port = bpf_htons(pool->first_port + (draw >> 8) % ((__u32)pool->last_port - pool->first_port + 1));
    int failed = insert_reply(key, flow);
    if (!failed) return NONE;
    if (failed != -EXIST) return REASON_TABLE_FULL;
  }
  return REASON_NO_PORT;
}

INLINE int insert_nat(const struct settings *settings, const struct flow_key *key, struct flow *flow,
                        const struct real *real) {
  flow->destination = real->address;
  flow->destination_port = real->port ? real->port : key->destination_port;
  if (is_v4(&real->address) != is_v4(&key->destination)) return REASON_FAMILY;
  if (flow->mode == MODE_FULLNAT) return insert_from_pool(settings, key, flow);
  flow->source = key->source;
  flow->source_port = key->source_port;
  int failed = insert_reply(key, flow);
  return !failed ? NONE : failed == -EXIST ? REASON_TUPLE_TAKEN : REASON_TABLE_FULL;
}

/* Writes the entry of a flow, which stays in scratch.flow as well. REASON_NEW, or why there is none. */
INLINE int insert(const struct settings *settings, struct packet *packet, __u32 id, const struct service *service,
                    __u32 real_id) {
  struct real *real = bpf_map_lookup_elem(&reals, &real_id);
  struct scratch *scratch = get_scratch();
  if (!real || !scratch) return REASON_NO_SERVER;
  struct flow *flow = &scratch->flow;
  __builtin_memset(flow, 0, sizeof *flow);
  flow->last_ns = packet->now;
  flow->real = real_id;
  flow->service = id;
  flow->role = ROLE_FORWARD;
  flow->state = first_state(packet);
  flow->mode = real->mode;
  if ((settings->flags & SETTING_SYNC) && packet->protocol == IPPROTO_TCP && flow->state == STATE_ESTABLISHED) flow->flags |= FLOW_MIDWAY;
  int translated = flow->mode == MODE_NAT || flow->mode == MODE_FULLNAT;
  if (packet->spliced) {
    if (!translated) return REASON_FAMILY;
    flow->flags |= FLOW_SPLICED;
    __builtin_memcpy(&flow->hop, &scratch->splice, sizeof scratch->splice);
  }
  if (translated) {
    int reason = insert_nat(settings, &packet->key, flow, real);
    if (reason != NONE) return reason;
  }
  count_open(&packet->key, flow, service);
  count_flow(real_id, flow->state, 1);
  if (!flow_insert_missed(&packet->key, flow, packet->hash, packet->round)) {
    if (is_active(flow->state)) tell_flow(&packet->key, flow, NEWS_LIVES);
    return REASON_NEW;
  }
  /* Full, or another CPU was first with the same packet: nothing of this one may stay. */
  count_flow(real_id, flow->state, -1);
  flow_uncount(&packet->key, flow);
  if (translated) {
    reply_key_of(&scratch->reply_key, &packet->key, flow);
    flow_delete(&scratch->reply_key);
  }
  return REASON_TABLE_FULL;
}

/* One-packet scheduling by nat: only the way back is kept, so that the next datagram is scheduled anew. scratch.flow says what
 * becomes of this one. REASON_STATELESS, or why it cannot go on. */
SEPARATE int pass_one_packet(const struct settings *settings, struct packet *packet, __u32 id, __u32 real_id) {
  struct scratch *scratch = get_scratch();
  struct real *real = bpf_map_lookup_elem(&reals, &real_id);
  if (!settings || !packet || !scratch || !real) return REASON_NO_SERVER;
  struct flow *flow = &scratch->flow;
  __builtin_memset(flow, 0, sizeof *flow);
  flow->last_ns = packet->now;
  flow->real = real_id;
  flow->service = id;
  flow->mode = MODE_NAT;
  flow->state = STATE_UDP;
  flow->source = packet->key.source;
  flow->source_port = packet->key.source_port;
  flow->destination = real->address;
  flow->destination_port = real->port ? real->port : packet->key.destination_port;
  if (is_v4(&real->address) != is_v4(&packet->key.destination)) return REASON_FAMILY;
  reply_key_of(&scratch->reply_key, &packet->key, flow);
  struct flow *reply = flow_get(&scratch->reply_key);
  if (reply) {
    if (!same_address(&reply->source, &packet->key.destination) || reply->source_port != packet->key.destination_port)
      return REASON_TUPLE_TAKEN;
    reply->last_ns = packet->now;
    return REASON_STATELESS;
  }
  if (!insert_allowed(settings, packet->now)) return REASON_INSERT_CAP;
  return insert_reply(&packet->key, flow) ? REASON_TABLE_FULL : REASON_STATELESS;
}

/* What goes on without an entry: the ring gives the same real server again, and nothing of the packet is translated. */
INLINE int needs_entry(const struct service *service, __u32 mode) {
  return mode == MODE_NAT || mode == MODE_FULLNAT || !is_stateless(service) || service->persist_ns;
}

INLINE int is_syn(const struct packet *packet) {
  return packet->protocol == IPPROTO_TCP && (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/* Chooses a real server for a packet without an entry, and makes the entry. REASON_NEW, REASON_STATELESS, or why it cannot go on. */
INLINE int admit(const struct settings *settings, struct packet *packet, __u32 id, struct service *service,
                   struct admission *admission) {
  /* Of one that has lost its real server another may make what it can. */
  int opens = packet->protocol != IPPROTO_TCP || is_syn(packet) || admission->reason == REASON_RESELECTED;
  if (!opens && (!is_stateless(service) || service->persist_ns)) return REASON_RST_NO_FLOW;
  int reason = service->total.connections || service->source.connections ? check_open(packet, id, service) : NONE;
  if (reason != NONE) return reason;
  __u32 real_id = service->persist_ns ? pick_persistent(settings, packet, id, service) : pick(settings, packet, id, service);
  struct real *real = real_id ? bpf_map_lookup_elem(&reals, &real_id) : 0;
  if (!real) return REASON_RST_NO_SERVER;
  admission->real = real_id;
  __u32 mode = real->mode;
  if ((real->flags & REAL_LOCAL) && mode != MODE_DR && mode != MODE_TUN) return REASON_FAMILY;
  int translated = mode == MODE_NAT || mode == MODE_FULLNAT;
  if (service->flags & SERVICE_ONE_PACKET) {
    if (!translated) return REASON_STATELESS;
    if (packet->inner_l3) return REASON_NO_FLOW;
    if (mode == MODE_NAT) return pass_one_packet(settings, packet, id, real_id);
  }
  int must = needs_entry(service, mode);
  /* A reset or an error that nobody waits for leaves no entry behind. */
  int brief = packet->inner_l3 || (packet->tcp_flags & TCP_RST);
  if (brief) return must ? REASON_NO_FLOW : REASON_STATELESS;
  if (!insert_allowed(settings, packet->now)) return must ? REASON_INSERT_CAP : REASON_STATELESS;
  reason = insert(settings, packet, id, service, real_id);
  if (reason == REASON_TABLE_FULL) tell(EVENT_TABLE_FULL, real_id);
  return reason == REASON_TABLE_FULL && !must ? REASON_STATELESS : reason;
}

#endif
