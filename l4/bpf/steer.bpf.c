/* Health checks by the virtual server's own path: what a marked socket sends to a real server's address leaves for the virtual address, as
 * clients' packets do, and what comes back from there is given the real server's address again. So the stack sees a plain connection. */
#include "parse.h"
#include "tunnel.h"

char LICENSE[] SEC("license") = "GPL";

/* What a mark of ours stands for. */
struct steer {
  struct address virtual;
  struct address tunnel_source;
  struct real real; /* of it: address, mode, tunnel, tunnel_port */
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 65536);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, __u32);
  __type(value, struct steer);
} steers SEC(".maps");

/* Whom the answers to such a packet are from: by the answer's own key. Bounded, for questions are over soon. */
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 16384);
  __type(key, struct flow_key);
  __type(value, struct address);
} steered SEC(".maps");

#define MARK_KIND 0xff000000u
#define MARK_OURS 0x6d000000u

INLINE int is_carried(const struct packet *packet) {
  return packet->piece == PIECE_WHOLE && !packet->inner_l3 &&
         (packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP);
}

INLINE int read_packet(frame_t *frame, struct packet *packet) {
  __builtin_memset(packet, 0, sizeof *packet);
  if (parse_addresses(frame, packet) != NONE || parse_transport(frame, packet) != NONE) return -1;
  return is_carried(packet) ? 0 : -1;
}

INLINE int wrap_steered(frame_t *frame, struct packet *packet, const struct steer *steer) {
  struct settings settings;
  __builtin_memset(&settings, 0, sizeof settings);
  settings.tunnel_source4 = steer->tunnel_source.word[3];
  __builtin_memcpy(&settings.tunnel_source6, &steer->tunnel_source, sizeof settings.tunnel_source6);
  struct real real = steer->real;
  return wrap(frame, packet, &real, &settings);
}

SEC("tc")
int steer_out(frame_t *frame) {
  __u32 mark = frame->mark;
  if ((mark & MARK_KIND) != MARK_OURS) return TC_ACT_UNSPEC;
  struct steer *steer = bpf_map_lookup_elem(&steers, &mark);
  struct packet packet;
  if (!steer || read_packet(frame, &packet)) return TC_ACT_UNSPEC;
  if (!same_address(&packet.destination, &steer->real.address)) return TC_ACT_UNSPEC;
  struct tuple to = {packet.source, steer->virtual, {packet.key.source_port, packet.key.destination_port}};
  struct flow_key answer;
  __builtin_memset(&answer, 0, sizeof answer);
  answer.source = steer->virtual;
  answer.destination = packet.source;
  answer.source_port = packet.key.destination_port;
  answer.destination_port = packet.key.source_port;
  answer.protocol = packet.protocol;
  struct address real = steer->real.address;
  if (bpf_map_update_elem(&steered, &answer, &real, BPF_ANY)) return TC_ACT_SHOT;
  if (translate(frame, &packet, &to)) return TC_ACT_SHOT;
  /* The frame's link address is that of the real server, or of the gateway to it, already. */
  if (steer->real.mode == MODE_TUN && wrap_steered(frame, &packet, steer)) return TC_ACT_SHOT;
  return TC_ACT_UNSPEC;
}

SEC("tc")
int steer_in(frame_t *frame) {
  struct packet packet;
  if (read_packet(frame, &packet)) return TC_ACT_UNSPEC;
  struct flow_key key = packet.key;
  struct address *real = bpf_map_lookup_elem(&steered, &key);
  if (!real) return TC_ACT_UNSPEC;
  struct tuple to = {*real, packet.destination, {packet.key.source_port, packet.key.destination_port}};
  return translate(frame, &packet, &to) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}
