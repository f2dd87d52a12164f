/** The layouts of l4/bpf/shared.h for TypeScript. test/l4/layout.test.ts holds them against the compiled object and that file. */
import type { Struct } from './struct.ts';

export const LAYOUT_VERSION = 8;
export const FLOW_SHARDS = 64;
export const BUCKET_SLOTS = 14;
export const BUCKET_FLOWS = 10;
export const REALS_MOST = 16384;
export const SERVICES_MOST = 4096;
export const REASONS_MOST = 64;
export const SCORED_MOST = 256;

export const SIEVE_BITS = 14;
export const ENDPOINT_SLOT_BITS = 10;

export const SETTING = { filter: 1, lease: 2, sync: 4 } as const;
export const ADDRESS = { virtual: 1, real: 2, source: 4 } as const;
export const SERVICE = { onePacket: 1, filter: 2, allowOnly: 4, cookies: 8 } as const;
export const REAL = { local: 1 } as const;
export const SOURCE = { denied: 1, allowed: 2 } as const;

export const SELECTION = { none: 0, ring: 1, order: 2, score: 3, locality: 4 } as const;
export const RING_KEY = { source: 0, 'source-port': 1, destination: 2 } as const;
export const SCORE_RULE = { lc: 0, wlc: 1, sed: 2, nq: 3, twos: 4 } as const;
/** In the place of a score rule. */
export const LOCALITY_RULE = { lblc: 0, lblcr: 1 } as const;
export const MODE = { dr: 0, nat: 1, fullnat: 2, tun: 3 } as const;
export const INTAKE = { none: 0, persistent: 1, all: 2 } as const;
export const FATE = { forward: 0, rst: 1, reselect: 2 } as const;
export const TUNNEL = { ipip: 0, gue: 1 } as const;
export const PROTOCOL = { tcp: 6, udp: 17 } as const;
export const FLOW_KIND = { packets: 0, template: 1 } as const;
export const ROLE = { forward: 0, reply: 1, template: 2 } as const;
export const STATES = ['syn', 'established', 'fin', 'closed', 'udp', 'template', 'dead'] as const;
export const FLOW_FLAG = { sourceCounted: 1, spliced: 2, synced: 4, told: 8, midway: 16 } as const;
export const NEWS = { lives: 0, ends: 1, walked: 2 } as const;
/** What became of a flow that another director told of. */
export const IMPORTED = ['new', 'updated', 'ended', 'own', 'unknown', 'taken', 'full'] as const;
export const IMPORTS_MOST = 20;
export const EVENTS = ['no-neighbour', 'table-full'] as const;

/** Why a packet went where it went, in the order of `enum reason`; from `malformed` on they are dropped. */
export const REASONS = [
  'hit',
  'new',
  'stateless',
  'reply',
  'icmp',
  'local',
  'no-service',
  'lease-passed',
  'rst',
  'rst-no-flow',
  'rst-no-server',
  'reselected',
  'too-big-told',
  'cookie-sent',
  'cookie-opened',
  'cookie-again',
  'cookie-refused',
  'malformed',
  'options',
  'fragment-orphan',
  'lease',
  'denied',
  'limit-syn',
  'limit-packets',
  'limit-connections',
  'limit-source-syn',
  'limit-source-packets',
  'limit-source-connections',
  'insert-cap',
  'table-full',
  'no-server',
  'no-flow',
  'no-port',
  'tuple-taken',
  'family',
  'ttl',
  'too-big',
  'no-route',
  'not-on-link',
  'no-neighbour',
  'no-forwarding',
  'rewrite',
] as const;
export type Reason = (typeof REASONS)[number];
export const FIRST_DROP: Reason = 'malformed';

const limit: Struct = {
  size: 12,
  fields: { syns: [0, 'u32'], packets: [4, 'u32'], connections: [8, 'u32'] },
};

const hop: Struct = {
  size: 28,
  fields: {
    fresh_until: [0, 'u64'],
    interface: [8, 'u32'],
    mtu: [12, 'u32'],
    link: [16, 12],
  },
};

const flow_key = {
  size: 40,
  fields: {
    source: [0, 16],
    destination: [16, 16],
    source_port: [32, 'be16'],
    destination_port: [34, 'be16'],
    protocol: [36, 'u8'],
    kind: [37, 'u8'],
    zero: [38, 2],
  },
} as const satisfies Struct;

const flow = {
  size: 88,
  fields: {
    last_ns: [0, 'u64'],
    real: [8, 'u32'],
    service: [12, 'u32'],
    state: [16, 'u32'],
    role: [20, 'u8'],
    mode: [21, 'u8'],
    flags: [22, 'u8'],
    pad: [23, 1],
    source: [24, 16],
    destination: [40, 16],
    source_port: [56, 'be16'],
    destination_port: [58, 'be16'],
    hop: [60, hop],
  },
} as const satisfies Struct;

const endpointKey = {
  size: 20,
  fields: { address: [0, 16], port: [16, 'be16'], protocol: [18, 'u8'], zero: [19, 'u8'] },
} as const satisfies Struct;

/** By the names of the structs in C. */
export const STRUCTS = {
  sieve: { size: 4096, fields: { to: [0, 2048], from: [2048, 2048] } },
  settings: {
    size: 104,
    fields: {
      hash_key: [0, 16],
      cookie_key: [16, 16],
      wall_ns: [32, 'u64'],
      established_ns: [40, 'u64'],
      syn_ns: [48, 'u64'],
      fin_ns: [56, 'u64'],
      udp_ns: [64, 'u64'],
      inserts_most: [72, 'u32'],
      flags: [76, 'u32'],
      pools: [80, 'u32'],
      tunnel_source4: [84, 4],
      tunnel_source6: [88, 16],
    },
  },
  endpoint_key: endpointKey,
  endpoint_slot: { size: 24, fields: { key: [0, endpointKey], service: [20, 'u32'] } },
  limit,
  service: {
    size: 48,
    fields: {
      persist_ns: [0, 'u64'],
      flags: [8, 'u32'],
      selection: [12, 'u8'],
      ring_key: [13, 'u8'],
      score_rule: [14, 'u8'],
      persist_bits4: [15, 'u8'],
      persist_bits6: [16, 'u8'],
      pad: [17, 3],
      source: [20, limit],
      total: [32, limit],
      cookie_threshold: [44, 'u32'],
    },
  },
  service_state: {
    size: 32,
    fields: {
      turn: [0, 'u32'],
      open: [4, 'u32'],
      syns: [8, 'u32'],
      pad: [12, 4],
      window_ns: [16, 'u64'],
      cookies_until_ns: [24, 'u64'],
    },
  },
  real: {
    size: 44,
    fields: {
      address: [0, 16],
      service: [16, 'u32'],
      weight: [20, 'u32'],
      upper: [24, 'u32'],
      lower: [28, 'u32'],
      port: [32, 'be16'],
      tunnel_port: [34, 'be16'],
      mode: [36, 'u8'],
      intake: [37, 'u8'],
      fate: [38, 'u8'],
      tunnel: [39, 'u8'],
      flags: [40, 'u8'],
      pad: [41, 3],
    },
  },
  real_state: { size: 12, fields: { active: [0, 'u32'], inactive: [4, 'u32'], full: [8, 'u32'] } },
  hop,
  way: {
    size: 72,
    fields: {
      hop: [0, hop],
      pad: [28, 4],
      connections: [32, 'u64'],
      packets: [40, 'u64'],
      bytes: [48, 'u64'],
      reply_packets: [56, 'u64'],
      reply_bytes: [64, 'u64'],
    },
  },
  flow_key,
  flow,
  slot: { size: 128, fields: { key: [0, flow_key], flow: [40, flow] } },
  flow_bucket: {
    size: 64 + 128 * BUCKET_SLOTS,
    fields: {
      round: [0, 'u32'],
      spilled: [4, 'u32'],
      tags: [8, 4 * BUCKET_SLOTS],
      slots: [64, 128 * BUCKET_SLOTS],
    },
  },
  flow_seed: {
    size: 24,
    fields: { start: [0, 'u64'], factor: [8, 'u64'], buckets: [16, 'u32'], room: [20, 'u32'] },
  },
  flow_news: {
    size: 136,
    fields: { kind: [0, 'u32'], idle_ms: [4, 'u32'], key: [8, flow_key], flow: [48, flow] },
  },
  walk_order: {
    size: 24,
    fields: {
      shard: [0, 'u32'],
      foreign: [4, 'u32'],
      since_ns: [8, 'u64'],
      told: [16, 'u32'],
      lost: [20, 'u32'],
    },
  },
  pool: {
    size: 24,
    fields: { first: [0, 16], addresses: [16, 'u32'], first_port: [20, 'u16'], last_port: [22, 'u16'] },
  },
  source_key: { size: 24, fields: { prefix_bits: [0, 'u32'], service: [4, 'be32'], address: [8, 16] } },
  client_key: { size: 20, fields: { address: [0, 16], service: [16, 'u32'] } },
  tally: {
    size: 32 + 8 * REASONS_MOST,
    fields: {
      jiffy: [0, 'u64'],
      now_ns: [8, 'u64'],
      inserts_since_ns: [16, 'u64'],
      inserts: [24, 'u64'],
      packets: [32, 8 * REASONS_MOST],
    },
  },
  locality: {
    size: 88,
    fields: {
      changed_ns: [0, 'u64'],
      used_ns: [8, 'u64'],
      count: [16, 'u32'],
      ids: [20, 64],
      pad: [84, 4],
    },
  },
  bucket: { size: 16, fields: { filled_ns: [0, 'u64'], syn_tokens: [8, 'u32'], packet_tokens: [12, 'u32'] } },
} as const satisfies Record<string, Struct>;
