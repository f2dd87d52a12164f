/* The layout of every map: the one truth that the programs are compiled from. l4/layout.ts has the offsets, and
 * test/l4/layout.test.ts holds them against the types that the compiler wrote into the object.
 *
 * Addresses and ports are as on the wire. An IPv4 address is ::ffff:a.b.c.d. Times are nanoseconds of CLOCK_MONOTONIC. */
#ifndef MOAT_SHARED_H
#define MOAT_SHARED_H

#include <linux/types.h>

/* Changes with every layout: maps that were pinned by another one are not adopted. */
#define LAYOUT_VERSION 8

#define FLOW_SHARDS 64
#define REALS_MOST 16384
#define SERVICES_MOST 4096
#define REASONS_MOST 64 /* a power of two: the verifier sees by a mask that an index is good */
#define SCORED_MOST 256 /* real servers that one new flow may compare */

struct address {
  __be32 word[4];
};

/* ---- settings: array of one ---- */

#define SETTING_FILTER 1 /* the trie has entries that hold for all services */
#define SETTING_LEASE 2 /* forward only before the deadline in the map `lease` */
#define SETTING_SYNC 4 /* tell of flows: another director keeps them, too */

struct settings {
  __u64 hash_key[2];
  __u64 cookie_key[2];
  __u64 wall_ns; /* time of day less CLOCK_MONOTONIC: directors that share the key read each other's cookies */
  __u64 established_ns, syn_ns, fin_ns, udp_ns;
  __u32 inserts_most; /* new flows in the table per CPU and second; 0: no limit */
  __u32 flags;
  __u32 pools; /* how many source pools there are */
  __be32 tunnel_source4; /* 0: the address of the way out is not known, no IPv4 tunnel is made */
  struct address tunnel_source6;
};

/* ---- addresses: what an address of a packet means to us ---- */

#define ADDRESS_VIRTUAL 1
#define ADDRESS_REAL 2 /* of a real server whose replies pass here */
#define ADDRESS_SOURCE 4 /* of a pool */

/* An address whose bit is not set means nothing to us: most strangers' packets cost one look at each. Which bit: sieve_bit(). */
#define SIEVE_BITS 14
struct sieve {
  __u64 to[1 << (SIEVE_BITS - 6)]; /* virtual, or of a pool: packets to them are looked at */
  __u64 from[1 << (SIEVE_BITS - 6)]; /* of real servers whose replies pass here */
};

/* ---- endpoints: which service answers for an address, port and protocol ---- */

struct endpoint_key {
  struct address address;
  __be16 port; /* 0: every port without an endpoint of its own */
  __u8 protocol;
  __u8 zero;
};

/* Where a SYN looks first: a look into the map of endpoints costs a tenth of a new flow. Which: endpoint_slot_of(). Of two that would
 * stand in one, the second stands in the map alone. */
#define ENDPOINT_SLOT_BITS 10
struct endpoint_slot {
  struct endpoint_key key;
  __u32 service; /* 0: nobody stands there */
};

/* ---- services, by id ---- */

enum selection { SELECT_NONE, SELECT_RING, SELECT_ORDER, SELECT_SCORE, SELECT_LOCALITY };
enum ring_key { KEY_SOURCE, KEY_SOURCE_PORT, KEY_DESTINATION };
enum score_rule { SCORE_LC, SCORE_WLC, SCORE_SED, SCORE_NQ, SCORE_TWOS };
enum locality_rule { LOCALITY_LBLC, LOCALITY_LBLCR }; /* in the place of a score rule */

#define SERVICE_ONE_PACKET 1
#define SERVICE_FILTER 2 /* the trie has entries of this service */
#define SERVICE_ALLOW_ONLY 4 /* a source without an entry is denied */
#define SERVICE_COOKIES 8 /* SYNs are answered by cookies, from cookie_threshold of them a second on */

struct limit {
  __u32 syns, packets; /* a second; 0: no limit */
  __u32 connections; /* at once; 0: no limit */
};

struct service {
  __u64 persist_ns; /* 0: clients do not persist */
  __u32 flags;
  __u8 selection, ring_key, score_rule;
  __u8 persist_bits4, persist_bits6; /* of the client's network */
  __u8 pad[3];
  struct limit source, total;
  __u32 cookie_threshold; /* 0: always */
};

/* What a service counts while it runs. */
struct service_state {
  __u32 turn; /* of SELECT_ORDER */
  __u32 open; /* flows in the table */
  __u32 syns; /* within the second that began at window_ns */
  __u32 pad;
  __u64 window_ns;
  __u64 cookies_until_ns;
};

/* ---- rings: a map per service, an array of ids of real servers from index 1 on: none are one too few for a map ---- */

/* lblc, lblcr: real servers that a destination has; lblc: one at most. */
#define LOCALITY_MOST 16
struct locality {
  __u64 changed_ns; /* when one came or went */
  __u64 used_ns;
  __u32 count;
  __u32 ids[LOCALITY_MOST];
  __u32 pad;
};

/* ---- reals, by id ---- */

enum forward_mode { MODE_DR, MODE_NAT, MODE_FULLNAT, MODE_TUN };
enum intake { INTAKE_NONE, INTAKE_PERSISTENT, INTAKE_ALL };
enum fate { FATE_FORWARD, FATE_RST, FATE_RESELECT };
enum tunnel { TUNNEL_IPIP, TUNNEL_GUE };

#define REAL_LOCAL 1 /* its address is this machine's: packets go up as they are */

struct real {
  struct address address;
  __u32 service;
  __u32 weight;
  __u32 upper, lower; /* full at `upper` flows until there are less than `lower`; 0: never */
  __be16 port; /* 0: the client's */
  __be16 tunnel_port;
  __u8 mode, intake, fate, tunnel;
  __u8 flags;
  __u8 pad[3];
};

struct real_state {
  __u32 active, inactive; /* as LVS counts: established, and all others */
  __u32 full;
};

/* The way to somebody as the kernel's tables had it a moment ago. */
struct hop {
  __u64 fresh_until;
  __u32 interface;
  __u32 mtu;
  __u32 link[3]; /* destination and source, as they begin a frame: as words, for of 6 bytes the compiler copies one at a time */
} __attribute__((packed, aligned(4))); /* so that a flow and its key are two cache lines */

/* What each CPU keeps of a real server: the way to it, so that it is never half written, and counts. */
struct way {
  struct hop hop;
  __u8 pad[4];
  __u64 connections;
  __u64 packets, bytes; /* to it */
  __u64 reply_packets, reply_bytes; /* from it, where replies pass here */
};

/* ---- flows: an array of buckets (table.h), which one sweep goes through in FLOW_SHARDS parts ---- */

enum flow_kind { FLOW_PACKETS, FLOW_TEMPLATE };

struct flow_key {
  struct address source, destination; /* of a template: the client's network, and ::service */
  __be16 source_port, destination_port;
  __u8 protocol;
  __u8 kind;
  __u8 zero[2];
} __attribute__((aligned(8))); /* it is hashed by eight bytes at once */

enum flow_role { ROLE_FORWARD, ROLE_REPLY, ROLE_TEMPLATE };
enum flow_state { STATE_SYN, STATE_ESTABLISHED, STATE_FIN, STATE_CLOSED, STATE_UDP, STATE_TEMPLATE, STATE_DEAD };

#define FLOW_SOURCE_COUNTED 1 /* in the count of its client's flows */
#define FLOW_SPLICED 2 /* in both halves: begun by a cookie; the forward one has a struct splice in the place of its hop */
#define FLOW_SYNCED 4 /* in both halves: another director told of it, and no packet of it has come here since */
#define FLOW_TOLD 8 /* another director has it, too: what becomes of it is told there, needed or not */
#define FLOW_MIDWAY 16 /* its opening was not seen here: who saw it has it, too, and is told of it at the next walk */

/* Flags that mean nothing to a packet of the middle. */
#define FLOW_PLAIN (FLOW_SOURCE_COUNTED | FLOW_TOLD | FLOW_MIDWAY)

/* nat and fullnat: two of them, the forward one with its own tuple as key and the other as value, and the reply's the other way round. */
struct flow {
  __u64 last_ns; /* what each packet needs comes first: it shares a cache line with the end of the key */
  __u32 real;
  __u32 service;
  __u32 state; /* enum flow_state; changed by compare-and-swap, so that each change is counted once */
  __u8 role, mode, flags;
  __u8 pad;
  struct address source, destination; /* what the packet's become: from here on a struct tuple */
  __be16 source_port, destination_port;
  struct hop hop; /* of a reply */
};

/* What dr and tun read of a flow is the first of its two cache lines: its end is `flags`. */
struct slot {
  struct flow_key key;
  struct flow flow;
};
_Static_assert(sizeof(struct slot) == 128, "two cache lines");

/* The table is made for BUCKET_FLOWS in each: so few of its buckets are full that three more places for a flow are enough. */
#define BUCKET_SLOTS 14
#define BUCKET_FLOWS 10
struct flow_bucket {
  __u32 round; /* one more when somebody begins to put a flow in, and one more when he is done */
  __u32 spilled; /* flows of this bucket that stand in others, because it was full */
  __u32 tags[BUCKET_SLOTS]; /* of a flow's hash, an odd number; 0: free */
  struct slot slots[BUCKET_SLOTS];
};

/* Drawn when the table is made, and kept with it: nobody outside can aim at one bucket and fill it. */
struct flow_seed {
  __u64 start, factor; /* of the hash; the factor is odd */
  __u32 buckets;
  __u32 room; /* flows that the table was made for */
};

/* A connection that the director has opened to the client by a cookie, and to the real server by a SYN of its own. The
 * client saw numbers that are not the real server's; what is shown to it is the real server's with the difference added. */
enum splice_phase { SPLICE_WAITING, SPLICE_READY };
#define SPLICE_STAMPS 1
#define SPLICE_SACK 2
#define NO_SHIFT 15 /* the side scales no windows (RFC 7323 allows 0..14) */

struct splice {
  __u32 client_start, shown_start; /* first sequence numbers: the client's, and ours that it was shown */
  __u32 difference, stamp_difference; /* shown less the real server's, of sequence numbers and of time stamps */
  __u32 shown_stamp;
  __u16 segment; /* most bytes that the client takes in one */
  __u8 client_shift : 4, real_shift : 4; /* of windows, as each announced it */
  __u8 flags;
  __u32 phase; /* enum splice_phase */
};
_Static_assert(sizeof(struct splice) <= sizeof(struct hop), "a splice lies where a reply has its hop");

/* ---- flows that another director keeps, too ---- */

enum news_kind { NEWS_LIVES, NEWS_ENDS, NEWS_WALKED };

/* Told by the programs in the ring `flow_news`, and taken by import_flows(), with the ids of this director. NEWS_WALKED, after
 * all flows of a shard: `flow.real` is the shard. */
struct flow_news {
  __u32 kind; /* enum news_kind; import_flows() puts the enum imported there */
  __u32 idle_ms; /* since the last packet of either half */
  struct flow_key key;
  struct flow flow;
};

enum imported { IMPORTED_NEW, IMPORTED_UPDATED, IMPORTED_ENDED, IMPORTED_OWN, IMPORTED_UNKNOWN, IMPORTED_TAKEN, IMPORTED_FULL };

/* What export_flows() and import_flows() read and answer at the beginning of their "packet", behind 16 bytes for an Ethernet header. */
#define IMPORTS_MOST 20
struct walk_order {
  __u32 shard;
  __u32 foreign; /* 1: also flows that another director told of */
  __u64 since_ns; /* only flows that were used since */
  __u32 told, lost; /* the answer: lost where the ring had no room */
};

/* ---- pools of fullnat ---- */

struct pool {
  struct address first;
  __u32 addresses; /* how many follow on, the first included */
  __u16 first_port, last_port; /* the machine's order */
};

/* ---- defence ---- */

#define SOURCE_DENIED 1
#define SOURCE_ALLOWED 2

struct source_key {
  __u32 prefix_bits; /* 32 and those of the address */
  __be32 service; /* 0: all */
  struct address address;
};

/* Limits of one client of one service. */
struct client_key {
  struct address address;
  __u32 service; /* 0 address: the service's own */
};

/* Tokens are thousandths of a packet. */
struct bucket {
  __u64 filled_ns;
  __u32 syn_tokens, packet_tokens;
};

/* Ports of a datagram in pieces, by its first one. */
struct fragment_key {
  struct address source, destination;
  __u32 id;
  __u32 protocol;
};
struct fragment_ports {
  __be16 source_port, destination_port;
};

/* ---- room for what does not fit on the 512 bytes of stack; per CPU ---- */

struct tcp_options {
  __u16 segment; /* 0: none was told */
  __u8 shift; /* of the window, or NO_SHIFT */
  __u8 flags; /* SPLICE_* */
  __u8 stamps_at, sacks_at, sacks; /* places in the header, and how many ranges; 0: none */
  __u8 pad;
  __u32 stamp, echo; /* the machine's order */
};

/* What a SYN, or the answer to one, says. */
struct opening {
  __u32 number, acknowledged, window;
  __u32 flags;
  __u32 segment, stamp, echo;
  __u32 shift; /* or NO_SHIFT */
  __u32 options; /* SPLICE_* */
};

/* A TCP header with its options, as it came and as it goes; zeros behind, so that sums may take all of it. */
struct segment {
  __u8 old[80], fresh[80];
  __u32 length; /* of the old header */
  struct tcp_options options;
  struct opening opening;
};

/* What headers say. */
struct packet {
  __u32 l3, l4; /* offsets in the frame */
  __u32 l3_bytes; /* of the IP packet, as its header says */
  __u32 inner_l3, inner_l4; /* of what an ICMP error quotes; 0: it is no error */
  __u8 family; /* 4, 6 */
  __u8 piece;
  __u8 tcp_flags; /* the byte of the header: FIN 1, SYN 2, RST 4, ACK 16 */
  __u8 protocol; /* key.protocol is that of the flow: the quoted one, for an ICMP error */
  __u64 now;
  struct flow_key key; /* as the packet has it; of an ICMP error, the packet that would answer the quoted one */
  __u64 hash; /* of the key, and the round of its bucket when it was looked for (table.h) */
  __u32 round;
  struct address source, destination; /* in its own header, also where it is an ICMP error */
  __u32 service; /* its id; 0 on the way back */
  __u8 spliced; /* a SYN that was made of a cookie: scratch.splice belongs to it */
};

/* What a look at the real servers of one destination found. */
struct set_walk {
  __u32 service;
  __u32 kept; /* of the set, without those that are gone */
  __u32 best, worst; /* ids */
  __u64 best_load, best_weight, worst_load, worst_weight;
  __u32 overloaded; /* the best bears more than its weight */
};

struct scratch {
  struct packet packet;
  __u64 found; /* the address of its flow's slot (table.h) */
  struct flow flow, reply;
  struct flow_key reply_key;
  __u8 answer[128];
  struct segment segment;
  struct splice splice;
  struct locality locality;
  struct set_walk walk;
};

/* ---- what happened, in packets ---- */

enum reason {
  REASON_HIT, /* forwarded by an entry */
  REASON_NEW, /* forwarded, and an entry was made */
  REASON_STATELESS, /* forwarded by the ring alone: no entry could or should be made */
  REASON_REPLY, /* of nat and fullnat, translated back */
  REASON_ICMP, /* an error of ICMP, to whom its inside belongs */
  REASON_LOCAL, /* to this machine as a real server */
  REASON_NO_SERVICE, /* passed up: to a virtual address, at a port that no service has */
  REASON_LEASE_PASSED, /* passed up: the lease has run out */
  REASON_RST, /* answered with a reset: its real server is gone */
  REASON_RST_NO_FLOW, /* answered with a reset: in the middle of a connection that nobody knows */
  REASON_RST_NO_SERVER, /* answered with a reset: the service has none that takes flows */
  REASON_RESELECTED, /* its real server is gone, it got another */
  REASON_TOO_BIG_TOLD, /* answered: too big for the tunnel */
  REASON_COOKIE_SENT, /* a SYN, answered by a cookie: nothing is kept of it */
  REASON_COOKIE_OPENED, /* a cookie came back: a real server is asked, and an entry was made */
  REASON_COOKIE_AGAIN, /* of a connection whose real server has not answered yet: it is asked once more */
  REASON_COOKIE_REFUSED, /* answered with a reset: no cookie of ours, while cookies are sent */
  REASON_DROP_FIRST, /* those from here on are dropped */
  REASON_MALFORMED = REASON_DROP_FIRST,
  REASON_OPTIONS, /* too many headers before the one that matters */
  REASON_FRAGMENT_ORPHAN, /* a piece that came before its first one */
  REASON_LEASE, /* a reply, and the lease has run out */
  REASON_DENIED,
  REASON_LIMIT_SYN,
  REASON_LIMIT_PACKETS,
  REASON_LIMIT_CONNECTIONS,
  REASON_LIMIT_SOURCE_SYN,
  REASON_LIMIT_SOURCE_PACKETS,
  REASON_LIMIT_SOURCE_CONNECTIONS,
  REASON_INSERT_CAP, /* a flow that needs an entry, while too many are made */
  REASON_TABLE_FULL, /* a flow that needs an entry, and there is no room */
  REASON_NO_SERVER, /* the service has none that takes flows */
  REASON_NO_FLOW, /* in the middle of nothing, and no answer is due */
  REASON_NO_PORT, /* of the source pools */
  REASON_TUPLE_TAKEN, /* nat: the same client port at the same real server, by way of another address */
  REASON_FAMILY, /* a mode that cannot carry this family to that real server */
  REASON_TTL,
  REASON_TOO_BIG,
  REASON_NO_ROUTE,
  REASON_NOT_ON_LINK, /* dr, and the real server is behind a router */
  REASON_NO_NEIGHBOUR, /* XDP: its link address is not known yet; the kernel is asked to find it */
  REASON_NO_FORWARDING, /* the interface's `forwarding` is off */
  REASON_REWRITE, /* the frame could not be changed */
  REASONS,
};

/* What each CPU keeps for itself. */
struct tally {
  __u64 jiffy, now_ns; /* the clock, as it was read at that tick */
  __u64 inserts_since_ns, inserts; /* new flows in the table within the second that began then */
  __u64 packets[REASONS_MOST]; /* by what became of them */
};
_Static_assert(REASONS <= REASONS_MOST, "each reason has its count");

/* ---- what programs tell: struct event in the ring `events` ---- */

enum event_kind { EVENT_NO_NEIGHBOUR, EVENT_TABLE_FULL };

struct event {
  __u32 kind; /* enum event_kind */
  __u32 real;
};

#endif
