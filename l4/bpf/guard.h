/* What keeps packets and flows out: the lease, lists of sources, limits, the cap of new entries. */
#ifndef MOAT_GUARD_H
#define MOAT_GUARD_H

#include "flow.h"

#define TOKEN 1000u /* a packet in tokens */

/* A director whose controller hangs fences itself. */
INLINE int lease_holds(const struct settings *settings, __u64 now) {
  if (!(settings->flags & SETTING_LEASE)) return 1;
  __u32 zero = 0;
  __u64 *deadline = bpf_map_lookup_elem(&lease, &zero);
  return deadline && now < *deadline;
}

/* The longest prefix decides; 0 when there is none. */
SEPARATE int source_mark(const struct packet *packet, __u32 service) {
  if (!packet) return 0;
  struct source_key key = {.prefix_bits = 32 + 128, .service = bpf_htonl(service), .address = packet->key.source};
  __u32 *mark = bpf_map_lookup_elem(&sources, &key);
  return mark ? *mark : 0;
}

INLINE int check_source(const struct settings *settings, const struct packet *packet, __u32 id, __u32 service_flags) {
  if ((settings->flags & SETTING_FILTER) && source_mark(packet, 0) == SOURCE_DENIED) return REASON_DENIED;
  if (!(service_flags & SERVICE_FILTER)) return NONE;
  int mark = source_mark(packet, id);
  if (mark == SOURCE_DENIED || (mark != SOURCE_ALLOWED && (service_flags & SERVICE_ALLOW_ONLY))) return REASON_DENIED;
  return NONE;
}

INLINE __u32 refill(__u32 tokens, __u64 elapsed_ns, __u32 rate) {
  __u64 most = (__u64)rate * TOKEN;
  if (elapsed_ns >= SECOND_NS) return most > 0xffffffff ? 0xffffffff : (__u32)most;
  __u64 filled = tokens + elapsed_ns / 1000 * rate / TOKEN;
  if (filled > most) filled = most;
  return filled > 0xffffffff ? 0xffffffff : (__u32)filled;
}

#define OVER_SYNS 1
#define OVER_PACKETS 2

/* Takes a packet's tokens. CPUs that meet in one bucket may let a packet more pass: no lock is worth that. */
SEPARATE int take_tokens(const struct client_key *key, const struct limit *limit, __u64 now, int is_new) {
  if (!key || !limit) return 0;
  __u32 syns = limit->syns, packets = limit->packets;
  if (!packets && !(syns && is_new)) return 0;
  struct bucket *bucket = bpf_map_lookup_elem(&buckets, key);
  if (!bucket) {
    struct bucket full = {now, refill(0, SECOND_NS, syns), refill(0, SECOND_NS, packets)};
    bpf_map_update_elem(&buckets, key, &full, BPF_NOEXIST);
    bucket = bpf_map_lookup_elem(&buckets, key);
    if (!bucket) return 0;
  }
  __u64 elapsed = now > bucket->filled_ns ? now - bucket->filled_ns : 0;
  /* Whole milliseconds: of less a low rate would never gain anything. */
  if (elapsed >= SECOND_NS / TOKEN) {
    bucket->filled_ns = now;
    bucket->syn_tokens = refill(bucket->syn_tokens, elapsed, syns);
    bucket->packet_tokens = refill(bucket->packet_tokens, elapsed, packets);
  }
  if (packets) {
    if (bucket->packet_tokens < TOKEN) return OVER_PACKETS;
    bucket->packet_tokens -= TOKEN;
  }
  if (syns && is_new) {
    if (bucket->syn_tokens < TOKEN) return OVER_SYNS;
    bucket->syn_tokens -= TOKEN;
  }
  return 0;
}

/* Whose new flow a packet is: a SYN that a cookie answers is its client's, and the service's once the cookie is back. */
#define NEW_OF_SERVICE 1
#define NEW_OF_SOURCE 2

/* Packets and new flows a second, of the service and of this client of it. */
SEPARATE int check_rates(const struct packet *packet, __u32 id, const struct service *service, int is_new) {
  if (!packet || !service) return NONE;
  struct client_key key;
  __builtin_memset(&key, 0, sizeof key);
  key.service = id;
  struct limit limit = service->total;
  int over = take_tokens(&key, &limit, packet->now, is_new & NEW_OF_SERVICE);
  if (over) return over == OVER_SYNS ? REASON_LIMIT_SYN : REASON_LIMIT_PACKETS;
  key.address = packet->key.source;
  limit = service->source;
  over = take_tokens(&key, &limit, packet->now, is_new & NEW_OF_SOURCE);
  if (over) return over == OVER_SYNS ? REASON_LIMIT_SOURCE_SYN : REASON_LIMIT_SOURCE_PACKETS;
  return NONE;
}

/* Flows at once, of the service and of this client of it. */
SEPARATE int check_open(const struct packet *packet, __u32 id, const struct service *service) {
  if (!packet || !service) return NONE;
  if (service->total.connections) {
    struct service_state *state = bpf_map_lookup_elem(&service_states, &id);
    if (state && state->open >= service->total.connections) return REASON_LIMIT_CONNECTIONS;
  }
  if (!service->source.connections) return NONE;
  struct client_key key;
  client_key_of(&key, &packet->key, id);
  __u32 *open = bpf_map_lookup_elem(&client_flows, &key);
  return open && *open >= service->source.connections ? REASON_LIMIT_SOURCE_CONNECTIONS : NONE;
}

/* Under a flood the table is not where the time goes. */
INLINE int insert_allowed(const struct settings *settings, __u64 now) {
  if (!settings->inserts_most) return 1;
  struct tally *tally = get_tally();
  if (!tally) return 1;
  if (now - tally->inserts_since_ns >= SECOND_NS) {
    tally->inserts_since_ns = now;
    tally->inserts = 0;
  }
  if (tally->inserts >= settings->inserts_most) return 0;
  tally->inserts++;
  return 1;
}

#endif
