/** A director that is loaded but attached to nothing: packets go in and come out by BPF_PROG_TEST_RUN. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { addressBytes } from '../../l4/address.ts';
import { readSlots } from '../../l4/flow-table.ts';
import {
  ADDRESS,
  FATE,
  INTAKE,
  MODE,
  REASONS,
  type Reason,
  RING_KEY,
  SELECTION,
  STRUCTS,
  TUNNEL,
} from '../../l4/layout.ts';
import { type EndpointPlace, type L4Maps, u32 } from '../../l4/maps.ts';
import { type DirectorBuild, loadDirector, makeMaps } from '../../l4/programs.ts';
import { readReasons } from '../../l4/statistics.ts';
import { encode, type Values } from '../../l4/struct.ts';
import { runProgram } from '../../native/bpf.ts';
import { bpfMissing } from '../native/bpf-outside.ts';
import { DIRECTOR_MAC, REAL_MAC, told } from './packet.ts';

export const BUILDS: readonly DirectorBuild[] = ['xdp', 'tc'];

/** Reason to skip a test that runs the programs, or false. */
export function programMissing(): string | false {
  const missing = bpfMissing();
  if (missing) return missing;
  const built = existsSync(join(import.meta.dirname, '../../l4/build/director-tc.o'));
  return built ? false : 'l4/bpf is not built here';
}

const CPUS = readdirSync('/sys/devices/system/cpu').filter(name => /^cpu\d+$/.test(name)).length;
const CONNECTIONS = 4096;
const FOR_EVER = 2n ** 63n;
/** Of the interface that packets leave by; it is never sent to. */
const WAY_OUT = 77;

const VERDICTS: Record<DirectorBuild, Record<number, string>> = {
  xdp: { 1: 'drop', 2: 'pass', 3: 'back', 4: 'send' },
  tc: { 4294967295: 'pass', 2: 'drop', 7: 'send' },
};

export type Outcome = {
  verdict: string;
  packet: string;
  reasons: Partial<Record<Reason, number>>;
  bytes: Uint8Array;
};

export type RealSpec = {
  id: number;
  address: string;
  port?: number;
  mode?: keyof typeof MODE;
  tunnel?: keyof typeof TUNNEL;
  weight?: number;
  upper?: number;
  lower?: number;
  intake?: keyof typeof INTAKE;
  fate?: keyof typeof FATE;
  service?: number;
  flags?: number;
  mtu?: number;
  /** The way out; that of a test run is 1. */
  interface?: number;
};

/** Loaded once for each build and size of table: that takes a second. */
const loaded = new Map<string, { maps: L4Maps; sweep: number; fd: number }>();

function load(build: DirectorBuild, connections: number): { maps: L4Maps; sweep: number; fd: number } {
  const name = `${build} ${connections}`;
  let found = loaded.get(name);
  if (!found) {
    const { maps, sweep } = makeMaps(connections);
    found = { maps, sweep, fd: loadDirector(maps, build) };
    loaded.set(name, found);
  }
  return found;
}

export class Program {
  readonly maps: L4Maps;
  readonly build: DirectorBuild;
  readonly fd: number;
  readonly sweep: number;
  readonly #addresses = new Map<string, number>();
  #settings: Values = {
    hash_key: new Uint8Array(16).fill(1),
    established_ns: 900_000_000_000n,
    syn_ns: 60_000_000_000n,
    fin_ns: 120_000_000_000n,
    udp_ns: 300_000_000_000n,
    tunnel_source4: Uint8Array.of(10, 1, 0, 254),
    tunnel_source6: addressBytes('fd01::fe'),
  };

  /**
   * The program of that build, with nothing in its maps. Another one of the same build and size is void then.
   *
   * @param connections room in the table of flows
   */
  constructor(build: DirectorBuild, connections = CONNECTIONS) {
    this.build = build;
    const { maps, sweep, fd } = load(build, connections);
    this.maps = maps;
    this.fd = fd;
    this.sweep = sweep;
    for (const [, place] of maps.endpointPlaces()) maps.dropEndpoint(place);
    for (const name of [
      'addresses',
      'sources',
      'buckets',
      'client_flows',
      'localities',
      'fragments',
      'rings',
      'rings_elsewhere',
    ] as const) {
      for (const key of [...maps.map(name).keys()]) maps.map(name).delete(key);
    }
    for (let id = 0; id < 32; id++) {
      maps.map('real_states').put(u32(id), new Uint8Array(STRUCTS.real_state.size));
      maps.map('service_states').put(u32(id), new Uint8Array(STRUCTS.service_state.size));
      maps.putReal(id, {});
      maps.putService(id, {});
    }
    const free = new Uint8Array(STRUCTS.flow_bucket.size);
    for (const { index } of readSlots(maps.map('flows'))) maps.map('flows').put(index, free);
    this.maps.putSieve([]);
    this.settings({});
  }

  settings(changes: Values): void {
    this.#settings = { ...this.#settings, ...changes };
    this.maps.putSettings(this.#settings);
  }

  /** A service by its ring: Maglev's kind, on the client's address and port, unless `values` say otherwise. */
  service(id: number, endpoints: EndpointPlace[], ring: number[], values: Values = {}): void {
    this.maps.putRing(id, Uint32Array.from(ring));
    this.maps.putService(id, { selection: SELECTION.ring, ring_key: RING_KEY['source-port'], ...values });
    for (const endpoint of endpoints) {
      this.address(endpoint.address, ADDRESS.virtual);
      this.maps.putEndpoint(endpoint, id);
    }
  }

  /** @param kinds ADDRESS bits */
  address(address: string, kinds: number): void {
    this.#addresses.set(address, kinds);
    this.maps.putSieve(this.#addresses);
    this.maps.putAddress(address, kinds);
  }

  /** A real server whose link address is known. */
  real({ id, address, mtu = 1500, ...spec }: RealSpec): void {
    this.maps.putReal(id, {
      address: addressBytes(address),
      service: spec.service ?? 1,
      port: spec.port ?? 0,
      weight: spec.weight ?? 1,
      upper: spec.upper ?? 0,
      lower: spec.lower ?? 0,
      mode: MODE[spec.mode ?? 'dr'],
      tunnel: TUNNEL[spec.tunnel ?? 'ipip'],
      tunnel_port: 6080,
      intake: INTAKE[spec.intake ?? 'all'],
      fate: FATE[spec.fate ?? 'forward'],
      flags: spec.flags ?? 0,
    });
    const { size, fields } = STRUCTS.way;
    const all = new Uint8Array(CPUS * size);
    for (let cpu = 0; cpu < CPUS; cpu++) all.set(hopTo(mtu, spec.interface), cpu * size + fields.hop[0]);
    this.maps.map('ways').put(u32(id), all);
  }

  /** What the flow table knows of ways back is filled in: by itself the program would ask the kernel's routes. */
  knowWaysBack(): void {
    for (const { flow, bucket, index } of readSlots(this.maps.map('flows'))) {
      if (flow[STRUCTS.flow.fields.role[0]] !== 1) continue;
      flow.set(hopTo(1500), STRUCTS.flow.fields.hop[0]);
      this.maps.map('flows').put(index, bucket);
    }
  }

  /** The entries of the flow table. */
  flows(): { key: Uint8Array; value: Uint8Array }[] {
    return Array.from(readSlots(this.maps.map('flows')), ({ key, flow }) => ({
      key: key.slice(),
      value: flow.slice(),
    }));
  }

  counters(): number[] {
    const counts = readReasons(this.maps);
    return REASONS.map(reason => counts[reason]);
  }

  run(data: Uint8Array): Outcome {
    const before = this.counters();
    const out = new Uint8Array(data.length + 256);
    const { verdict, bytes } = runProgram(this.fd, { data, out });
    const after = this.counters();
    const reasons: Outcome['reasons'] = {};
    REASONS.forEach((reason, at) => {
      const count = after[at]! - before[at]!;
      if (count > 0) reasons[reason] = count;
    });
    const left = out.subarray(0, bytes);
    const word = VERDICTS[this.build][verdict] ?? `verdict ${verdict}`;
    return {
      verdict: word,
      packet: word === 'drop' || word === 'pass' ? '' : told(left),
      reasons,
      bytes: left,
    };
  }

  realState(id: number): { active: number; inactive: number } {
    const value = new Uint8Array(STRUCTS.real_state.size);
    this.maps.map('real_states').get(u32(id), value);
    const view = new DataView(value.buffer);
    return { active: view.getUint32(0, true), inactive: view.getUint32(4, true) };
  }
}

export const hopTo = (mtu: number, way = WAY_OUT): Uint8Array =>
  encode(STRUCTS.hop, {
    fresh_until: FOR_EVER,
    interface: way,
    mtu,
    link: Uint8Array.from([...REAL_MAC.split(':'), ...DIRECTOR_MAC.split(':')], part =>
      Number.parseInt(part, 16),
    ),
  });
