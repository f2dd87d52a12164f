/** Figures of the data plane, read from its maps. */
import { readFileSync } from 'node:fs';
import type { BpfMap } from '#native/bpf.ts';
import { addressText } from './address.ts';
import { readSlots } from './flow-table.ts';
import { REASONS, type Reason, ROLE, STATES, STRUCTS } from './layout.ts';
import { type L4Maps, u32 } from './maps.ts';
import { readBytes, readNumber } from './struct.ts';

/** Packets by what became of them, since the maps were made. */
export type ReasonCounts = Readonly<Record<Reason, number>>;

export interface RealCounts {
  /** As LVS counts: established flows, and all others that the table holds. */
  readonly active: number;
  readonly inactive: number;
  readonly connections: number;
  readonly packets: number;
  readonly bytes: number;
  /** Of nat and fullnat only: others' replies do not pass here. */
  readonly replyPackets: number;
  readonly replyBytes: number;
}

export interface FlowEntry {
  readonly protocol: 'tcp' | 'udp';
  readonly client: string;
  readonly clientPort: number;
  readonly virtual: string;
  readonly virtualPort: number;
  readonly realId: number;
  readonly state: (typeof STATES)[number];
  /** Since its last packet; of nat, of the client's. */
  readonly idleMs: number;
}

/** `0-3,8` as /sys has it: how many CPUs there may ever be, which is how many values a per-CPU map holds. */
function possibleCpus(): number {
  const text = readFileSync('/sys/devices/system/cpu/possible', 'latin1').trim();
  return 1 + Math.max(...text.split(',').map(range => Number(range.split('-').at(-1))));
}

/** Of a per-CPU array of counters (8 bytes each): the sums of all CPUs, from index 0 on. */
export function sumsOfCpus(map: BpfMap, count: number): number[] {
  const cpus = possibleCpus();
  const value = new Uint8Array(8 * cpus);
  const view = new DataView(value.buffer);
  return Array.from({ length: count }, (_, index) => {
    map.get(u32(index), value);
    let total = 0;
    for (let cpu = 0; cpu < cpus; cpu++) total += Number(view.getBigUint64(8 * cpu, true));
    return total;
  });
}

export function readReasons(maps: L4Maps): ReasonCounts {
  const cpus = possibleCpus();
  const { size, fields } = STRUCTS.tally;
  const tallies = new Uint8Array(size * cpus);
  const view = new DataView(tallies.buffer);
  maps.map('tallies').get(u32(0), tallies);
  const totals = Object.fromEntries(REASONS.map(reason => [reason, 0])) as Record<Reason, number>;
  REASONS.forEach((reason, index) => {
    for (let cpu = 0; cpu < cpus; cpu++)
      totals[reason] += Number(view.getBigUint64(size * cpu + fields.packets[0] + 8 * index, true));
  });
  return totals;
}

/** @param ids of real servers, as in RealTable */
export function readReals(maps: L4Maps, ids: Iterable<number>): Map<number, RealCounts> {
  const cpus = possibleCpus();
  const way = new Uint8Array(STRUCTS.way.size * cpus);
  const state = new Uint8Array(STRUCTS.real_state.size);
  const found = new Map<number, RealCounts>();
  for (const id of ids) {
    maps.map('ways').get(u32(id), way);
    maps.map('real_states').get(u32(id), state);
    const sum = (field: string) => {
      let total = 0;
      for (let cpu = 0; cpu < cpus; cpu++)
        total += readNumber(STRUCTS.way, way, field, cpu * STRUCTS.way.size);
      return total;
    };
    found.set(id, {
      active: readNumber(STRUCTS.real_state, state, 'active'),
      inactive: readNumber(STRUCTS.real_state, state, 'inactive'),
      connections: sum('connections'),
      packets: sum('packets'),
      bytes: sum('bytes'),
      replyPackets: sum('reply_packets'),
      replyBytes: sum('reply_bytes'),
    });
  }
  return found;
}

/** The flows in the table, one of nat once. With a million of them this takes seconds: take what you need and stop. */
export function* readFlows(maps: L4Maps, nowNs = process.hrtime.bigint()): Generator<FlowEntry> {
  for (const { key, flow } of readSlots(maps.map('flows'))) {
    if (readNumber(STRUCTS.flow, flow, 'role') === ROLE.forward) yield flowEntry(key, flow, nowNs);
  }
}

function flowEntry(key: Uint8Array, value: Uint8Array, nowNs: bigint): FlowEntry {
  const at = (field: string) => readNumber(STRUCTS.flow_key, key, field);
  return {
    protocol: at('protocol') === 6 ? 'tcp' : 'udp',
    client: addressText(readBytes(STRUCTS.flow_key, key, 'source')),
    clientPort: at('source_port'),
    virtual: addressText(readBytes(STRUCTS.flow_key, key, 'destination')),
    virtualPort: at('destination_port'),
    realId: readNumber(STRUCTS.flow, value, 'real'),
    state: STATES[readNumber(STRUCTS.flow, value, 'state')]!,
    idleMs: Math.max(0, Number(nowNs / 1_000_000n) - readNumber(STRUCTS.flow, value, 'last_ns') / 1e6),
  };
}
