/* The director: a packet to a virtual address goes to a real server, and what nat's real servers answer goes back.
 * Compiled twice, as XDP and as tc program (frame.h). Read it from the bottom. */
#include "forward.h"
#include "splice.h"

char LICENSE[] SEC("license") = "GPL";

/* ---- from clients ---- */

INLINE int same_endpoint(const struct endpoint_key *a, const struct endpoint_key *b) {
  return same_address(&a->address, &b->address) && a->port == b->port && a->protocol == b->protocol;
}

/* Whose address and port this is; 0: nobody's. */
INLINE __u32 find_service(const struct packet *packet) {
  struct endpoint_key key;
  __builtin_memset(&key, 0, sizeof key);
  key.address = packet->key.destination;
  key.port = packet->key.destination_port;
  key.protocol = packet->key.protocol;
  __u32 at = endpoint_slot_of(&key);
  struct endpoint_slot *slot = bpf_map_lookup_elem(&endpoint_slots, &at);
  /* Before its key: whoever writes empties a slot before another key goes in, and the service comes last. */
  __u32 service = slot ? *(volatile __u32 *)&slot->service : 0;
  if (service && same_endpoint(&slot->key, &key)) return service;
  __u32 *id = bpf_map_lookup_elem(&endpoints, &key);
  if (!id) {
    key.port = 0;
    id = bpf_map_lookup_elem(&endpoints, &key);
  }
  return id ? *id : 0;
}

/* Exactly: the sieve lets some strangers pass. */
INLINE __u32 meaning_of_destination(const struct packet *packet) {
  __u32 *kind = bpf_map_lookup_elem(&addresses, &packet->destination);
  return kind ? *kind : 0;
}

/* counted: as what, unless an entry says it better. */
INLINE int admit_and_forward(frame_t *frame, struct packet *packet, struct settings *settings, struct service *service,
                             __u32 counted) {
  struct admission admission = {.reason = counted};
  int reason = admit(settings, packet, packet->service, service, &admission);
  if (reason == REASON_RST_NO_FLOW || reason == REASON_RST_NO_SERVER) return answer_reset(frame, packet, reason);
  if (reason != REASON_NEW && reason != REASON_STATELESS) return end_with(reason);
  count(counted == REASON_NEW ? reason : counted);
  count_forward(frame, admission.real, reason == REASON_NEW);
  struct scratch *scratch = get_scratch();
  return forward(frame, packet, admission.real, scratch ? &scratch->flow : 0);
}

/* By an entry. What becomes of it when its real server is gone is that one's fate; NONE: it gets another. */
INLINE int forward_known(frame_t *frame, struct packet *packet, struct flow *flow) {
  __u32 real_id = flow->real;
  struct real *real = bpf_map_lookup_elem(&reals, &real_id);
  if (real && real->fate == FATE_FORWARD) {
    __u32 counted = packet->inner_l3 ? REASON_ICMP : REASON_HIT;
    if (flow->flags & FLOW_SPLICED) {
      int reason = packet->inner_l3 ? splice_quoted(frame, packet, splice_of(flow)) : splice_from_client(frame, packet, splice_of(flow));
      counted = reason == REASON_COOKIE_AGAIN ? reason : counted;
      if (reason == REASON_COOKIE_AGAIN) reason = make_syn(frame, packet, splice_of(flow));
      if (reason != NONE) return end_with(reason);
    }
    if (flow->flags & FLOW_SYNCED) claim(&packet->key, flow, packet->now);
    flow_advance(&packet->key, flow, packet, 1);
    count(counted);
    count_forward(frame, real_id, 0);
    return forward(frame, packet, real_id, flow);
  }
  /* UDP knows no reset: of a service of both it gets another. */
  int reset = !real || (real->fate == FATE_RST && packet->key.protocol == IPPROTO_TCP);
  flow_end(&packet->key, flow);
  return reset ? answer_reset(frame, packet, REASON_RST) : NONE;
}

/* A SYN begins anew, unless it is the same one once more: then it goes where the first went. */
INLINE int is_repeated_syn(const struct flow *flow) {
  if (flow->state != STATE_SYN || (flow->flags & FLOW_SPLICED)) return 0;
  __u32 real_id = flow->real;
  struct real *real = bpf_map_lookup_elem(&reals, &real_id);
  return real && real->intake != INTAKE_NONE && real->fate == FATE_FORWARD;
}

/* Of a packet without a flow that goes on: whether a cookie is the answer, or it brings one back, which makes it a SYN. */
SEPARATE int judge_cookie(frame_t *frame, struct packet *packet, struct settings *settings, struct service *service) {
  if (!packet || !settings || !service) return REASON_NEW;
  if (packet->tcp_flags & TCP_RST) return REASON_NEW;
  int syn = is_syn(packet);
  int wanted = cookies_wanted(service, packet->service, packet->now, syn);
  if (syn) return wanted ? REASON_COOKIE_SENT : REASON_NEW;
  int is_ours = (packet->tcp_flags & TCP_ACK) && accept_cookie(frame, packet, settings) == REASON_COOKIE_OPENED;
  return is_ours ? REASON_COOKIE_OPENED : wanted ? REASON_COOKIE_REFUSED : REASON_NEW;
}

INLINE int open_by_cookie(frame_t *frame, struct packet *packet) {
  struct scratch *scratch = get_scratch();
  if (!scratch) return REASON_REWRITE;
  packet->spliced = 1;
  return make_syn(frame, packet, &scratch->splice);
}

/* The SYN of a connection that a cookie has opened, late: it ends nothing. */
INLINE int is_same_opening(frame_t *frame, const struct packet *packet, struct flow *flow) {
  struct tcphdr *tcp = frame_at(frame, packet->l4, sizeof *tcp);
  return tcp && (flow->flags & FLOW_SPLICED) && bpf_ntohl(tcp->seq) == splice_of(flow)->client_start;
}

/* A known flow says whose it is: it costs one look less than to ask for the service. */
SEPARATE int from_client(frame_t *frame, struct packet *packet, struct settings *settings, struct flow *flow) {
  if (!packet || !settings) return VERDICT_PASS;
  if (flow && flow->state == STATE_DEAD) flow = 0;
  if (flow && flow_is_over(settings, flow, packet->now)) {
    flow_end(&packet->key, flow);
    flow = 0;
  }
  __u32 id = packet->service = flow ? flow->service : find_service(packet);
  struct service *service = id ? bpf_map_lookup_elem(&services, &id) : 0;
  if (!service) return meaning_of_destination(packet) & ADDRESS_VIRTUAL ? end_with(REASON_NO_SERVICE) : VERDICT_PASS;
  if (!lease_holds(settings, packet->now)) return end_with(REASON_LEASE_PASSED);
  if ((settings->flags & SETTING_FILTER) || (service->flags & SERVICE_FILTER)) {
    int reason = check_source(settings, packet, id, service->flags);
    if (reason != NONE) return end_with(reason);
  }
  int syn = is_syn(packet) && !packet->inner_l3;
  int again = flow && syn && !is_repeated_syn(flow);
  int is_new = again || (!flow && (syn || packet->protocol == IPPROTO_UDP)) ? NEW_OF_SERVICE | NEW_OF_SOURCE : 0;
  __u32 counted = packet->inner_l3 ? REASON_ICMP : REASON_NEW;
  if ((service->flags & SERVICE_COOKIES) && packet->protocol == IPPROTO_TCP && !packet->inner_l3 && (!flow || again)) {
    counted = judge_cookie(frame, packet, settings, service);
    is_new = counted == REASON_COOKIE_SENT ? NEW_OF_SOURCE : counted == REASON_COOKIE_OPENED ? NEW_OF_SERVICE : is_new;
  }
  if (service->total.packets || service->source.packets || service->total.syns || service->source.syns) {
    int reason = check_rates(packet, id, service, is_new);
    if (reason != NONE) return end_with(reason);
  }
  if (flow && !again) {
    int verdict = forward_known(frame, packet, flow);
    if (verdict != NONE) return verdict;
    counted = REASON_RESELECTED;
  }
  if (counted == REASON_COOKIE_SENT && flow && is_same_opening(frame, packet, flow)) return answer_cookie(frame, packet, settings);
  if (again) {
    flow_end(&packet->key, flow);
    id = packet->service = find_service(packet);
    service = id ? bpf_map_lookup_elem(&services, &id) : 0;
    if (!service) return end_with(REASON_NO_SERVICE);
  }
  if (counted == REASON_COOKIE_SENT) return answer_cookie(frame, packet, settings);
  if (counted == REASON_COOKIE_REFUSED) return answer_reset(frame, packet, REASON_COOKIE_REFUSED);
  if (counted == REASON_COOKIE_OPENED) {
    int reason = open_by_cookie(frame, packet);
    if (reason != NONE) return end_with(reason);
  }
  return admit_and_forward(frame, packet, settings, service, counted);
}

/* A service whose packets are looked at one by one. */
INLINE int is_guarded(const struct service *service) {
  return (service->flags & SERVICE_FILTER) || service->total.packets || service->source.packets;
}

/* What most packets are: the middle of a connection whose real server works, and to which the way is known. NONE: this is another. */
INLINE int forward_established(frame_t *frame, struct packet *packet, struct settings *settings, struct flow *flow) {
  __u32 state = flow->state, id = flow->service, real_id = flow->real;
  if (!is_active(state) || flow->flags & ~FLOW_PLAIN) return NONE;
  if (packet->inner_l3 || (packet->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST))) return NONE;
  struct service *service = bpf_map_lookup_elem(&services, &id);
  struct real *real = bpf_map_lookup_elem(&reals, &real_id);
  struct way *way = bpf_map_lookup_elem(&ways, &real_id);
  if (!service || !real || !way || (settings->flags & SETTING_FILTER) || is_guarded(service)) return NONE;
  if (real->fate != FATE_FORWARD || (real->flags & REAL_LOCAL) || packet->now >= way->hop.fresh_until) return NONE;
  if (!lease_holds(settings, packet->now) || flow_is_over(settings, flow, packet->now)) return NONE;
  if (packet->now - flow->last_ns > TOUCH_NS) flow->last_ns = packet->now;
  count(REASON_HIT);
  way->packets++;
  way->bytes += frame_length(frame);
  return send_to_real(frame, packet, settings, real_id, real, &way->hop, NONE, flow);
}

/* ---- from real servers, where replies pass here ---- */

INLINE void forward_key_of(struct flow_key *key, const struct packet *packet, const struct flow *reply) {
  __builtin_memset(key, 0, sizeof *key);
  key->source = reply->destination;
  key->destination = reply->source;
  key->source_port = reply->destination_port;
  key->destination_port = reply->source_port;
  key->protocol = packet->key.protocol;
}

INLINE void advance_forward(const struct packet *packet, const struct flow *reply) {
  if (packet->protocol != IPPROTO_TCP || !(packet->tcp_flags & (TCP_FIN | TCP_RST))) return;
  struct flow_key key;
  forward_key_of(&key, packet, reply);
  struct flow *flow = flow_get(&key);
  if (flow) flow_advance(&key, flow, packet, 0);
}

/* The first packet since another director told of it comes from the real server. */
INLINE void claim_reply(const struct packet *packet, struct flow *reply) {
  struct flow_key key;
  forward_key_of(&key, packet, reply);
  struct flow *flow = flow_get(&key);
  reply->flags &= ~FLOW_SYNCED;
  if (flow && (flow->flags & FLOW_SYNCED)) claim(&key, flow, packet->now);
}

INLINE int translate_reply(frame_t *frame, struct packet *packet, const struct flow *reply) {
  if (!packet->inner_l3) return translate(frame, packet, tuple_of(reply));
  /* The real server itself speaks by the virtual address; a router on its way by its own. */
  int is_its_own = same_address(&packet->source, &packet->key.source);
  return translate_error(frame, packet, is_its_own ? &reply->source : &packet->source, tuple_of(reply));
}

SEPARATE int from_real(frame_t *frame, struct packet *packet, struct settings *settings, struct flow *reply) {
  if (!packet || !settings || !reply) return VERDICT_PASS;
  if (!lease_holds(settings, packet->now)) return end_with(REASON_LEASE);
  if (packet->now - reply->last_ns > TOUCH_NS) reply->last_ns = packet->now;
  if (reply->flags & FLOW_SYNCED) claim_reply(packet, reply);
  advance_forward(packet, reply);
  if (reply->flags & FLOW_SPLICED) {
    struct flow_key key;
    forward_key_of(&key, packet, reply);
    int reason = splice_from_real(frame, packet, &key);
    if (reason != NONE) return end_with(reason);
  }
  int known = NONE;
  if (packet->now >= reply->hop.fresh_until) {
    known = refresh_hop(frame, &reply->hop, &reply->destination, packet->now, 0);
    if (known != NONE && known != REASON_NO_NEIGHBOUR) return end_with(known);
  }
  if (reply->hop.mtu && frame_segment(frame, packet->l3_bytes, packet->l4 + 20 - packet->l3) > reply->hop.mtu) {
    return answer_too_big(frame, packet, reply->hop.mtu);
  }
  int reason = decrease_ttl(frame, packet);
  if (reason) return end_with(reason);
  __u32 real = reply->real;
  struct way *way = bpf_map_lookup_elem(&ways, &real);
  if (way) {
    way->reply_packets++;
    way->reply_bytes += frame_length(frame);
  }
  if (translate_reply(frame, packet, reply)) return end_with(REASON_REWRITE);
  count(REASON_REPLY);
  return known == NONE ? send_by(frame, &reply->hop) : send_to_unknown(frame, reply->hop.interface, 0, real);
}

/* ---- which of both ---- */

INLINE int has_bit(const __u64 *words, __u32 bit) { return words[bit >> 6 & ((1 << (SIEVE_BITS - 6)) - 1)] >> (bit & 63) & 1; }

INLINE int direct(frame_t *frame) {
  struct scratch *scratch = get_scratch();
  if (!scratch) return VERDICT_PASS;
  struct packet *packet = &scratch->packet; /* the stack has no room for it under all that is called */
  __builtin_memset(packet, 0, sizeof *packet);
  if (parse_addresses(frame, packet) != NONE) return VERDICT_PASS;
  __u32 zero = 0;
  struct sieve *sieve = bpf_map_lookup_elem(&sieves, &zero);
  struct settings *now = bpf_map_lookup_elem(&settings, &zero);
  if (!sieve || !now) return VERDICT_PASS;
  int is_to = has_bit(sieve->to, sieve_bit(&packet->destination));
  if (!is_to && !has_bit(sieve->from, sieve_bit(&packet->source))) return VERDICT_PASS;
  /* The director's that has the address now: of a backup's flows that began so, it would know nothing. */
  if (frame_is_for_others(frame)) return VERDICT_PASS;
  packet->now = clock_now();
  int reason = parse_transport(frame, packet);
  if (reason == NOT_IP) return VERDICT_PASS;
  /* A broken packet that only comes from a real server is not ours to judge. */
  if (reason != NONE) return meaning_of_destination(packet) & (ADDRESS_VIRTUAL | ADDRESS_SOURCE) ? end_with(reason) : VERDICT_PASS;
  struct flow_seed *seed = get_seed();
  if (!seed) return VERDICT_PASS;
  packet->hash = flow_hash(seed, &packet->key);
  /* A call less. What is read back is any number to the verifier: one way leads on from here, not one for each slot. */
  scratch->found = find_slot_here(seed, &packet->key, packet->hash, &packet->round);
  struct flow *flow = flow_at(*(volatile __u64 *)&scratch->found);
  if (flow && flow->role == ROLE_REPLY) return from_real(frame, packet, now, flow);
  if (!is_to) return VERDICT_PASS;
  int verdict = flow ? forward_established(frame, packet, now, flow) : NONE;
  return verdict == NONE ? from_client(frame, packet, now, flow) : verdict;
}

#ifdef MOAT_XDP
SEC("xdp")
#else
SEC("tc")
#endif
int director(frame_t *frame) { return direct(frame); }
