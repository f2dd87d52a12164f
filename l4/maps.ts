/** The maps of the data plane with typed entries: what C calls them, by l4/layout.ts. */
import { randomBytes } from 'node:crypto';
import { BpfMap, createMap, MAP_FLAG, MAP_TYPE } from '#native/bpf.ts';
import { closeFd } from '#native/socket.ts';
import { addressBytes, addressText } from './address.ts';
import { putInSlot, takeFromSlot } from './endpoint-slots.ts';
import { STRUCTS } from './layout.ts';
import { sieveOf } from './sieve.ts';
import { encode, readNumber, type Values } from './struct.ts';

/** Every map of the programs. */
export const MAP_NAMES = [
  'settings',
  'lease',
  'addresses',
  'sieves',
  'endpoints',
  'endpoint_slots',
  'services',
  'service_states',
  'rings',
  'rings_elsewhere',
  'reals',
  'real_states',
  'ways',
  'flows',
  'flow_seed',
  'pools',
  'sources',
  'buckets',
  'client_flows',
  'localities',
  'fragments',
  'tallies',
  'scratches',
  'events',
  'flow_news',
  'sweepers',
] as const;
export type MapName = (typeof MAP_NAMES)[number];

export const u32 = (...values: number[]): Uint8Array => new Uint8Array(new Uint32Array(values).buffer);

/** 4 bytes of a number in the machine's order. */
const number = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);

export interface EndpointPlace {
  readonly address: string;
  readonly port: number;
  readonly protocol: number;
}

/** Descriptors of all maps, which it owns, and the writes that a configuration is made of. */
export class L4Maps {
  readonly #fds: Readonly<Record<MapName, number>>;
  readonly #open = new Map<MapName, BpfMap>();

  constructor(fds: Readonly<Record<MapName, number>>) {
    this.#fds = fds;
  }

  map(name: MapName): BpfMap {
    let map = this.#open.get(name);
    if (!map) {
      map = new BpfMap(this.#fds[name]);
      this.#open.set(name, map);
    }
    return map;
  }

  fd(name: MapName): number {
    return this.#fds[name];
  }

  /** Makes a flow table one that nobody outside can foresee. @param room flows that it was made for */
  seedFlowTable(room: number): void {
    const start = randomBytes(8).readBigUInt64LE();
    const factor = randomBytes(8).readBigUInt64LE() | 1n;
    const buckets = this.map('flows').facts.maxEntries;
    this.map('flow_seed').put(u32(0), encode(STRUCTS.flow_seed, { start, factor, buckets, room }));
  }

  /** How many flows the flow table was made for. */
  flowRoom(): number {
    const seed = new Uint8Array(STRUCTS.flow_seed.size);
    this.map('flow_seed').get(u32(0), seed);
    return readNumber(STRUCTS.flow_seed, seed, 'room');
  }

  putSettings(values: Values): void {
    this.map('settings').put(u32(0), encode(STRUCTS.settings, values));
  }

  /** @param deadlineNs of CLOCK_MONOTONIC */
  putLease(deadlineNs: bigint): void {
    this.map('lease').put(u32(0), new Uint8Array(new BigUint64Array([deadlineNs]).buffer));
  }

  leaseEndNs(): bigint {
    const value = new Uint8Array(8);
    this.map('lease').get(u32(0), value);
    return new DataView(value.buffer).getBigUint64(0, true);
  }

  putAddress(address: string, kinds: number): void {
    if (kinds === 0) this.map('addresses').delete(addressBytes(address));
    else this.map('addresses').put(addressBytes(address), u32(kinds));
  }

  /** The sieve of these addresses. Which goes first: it must know an address for as long as that means something. */
  putSieve(meanings: Iterable<readonly [address: string, kinds: number]>): void {
    this.map('sieves').put(u32(0), sieveOf(meanings));
  }

  putEndpoint(place: EndpointPlace, service: number): void {
    const key = endpointKey(place);
    this.map('endpoints').put(key, u32(service));
    putInSlot(this.map('endpoint_slots'), key, service);
  }

  dropEndpoint(place: EndpointPlace): void {
    const key = endpointKey(place);
    takeFromSlot(this.map('endpoint_slots'), key);
    this.map('endpoints').delete(key);
  }

  /** The endpoints that stand there, by their keys. */
  endpointPlaces(): [key: Uint8Array, place: EndpointPlace & { service: number }][] {
    return Array.from(this.map('endpoints').entries(), ([key, value]) => [
      key.slice(),
      {
        address: addressText(key.subarray(0, 16)),
        port: readNumber(STRUCTS.endpoint_key, key, 'port'),
        protocol: readNumber(STRUCTS.endpoint_key, key, 'protocol'),
        service: number(value),
      },
    ]);
  }

  /** A service that nobody reaches any more. */
  dropService(id: number): void {
    this.putService(id, {});
    this.map('rings').delete(u32(id));
    this.putRingElsewhere(id, undefined);
  }

  putService(id: number, values: Values): void {
    this.map('services').put(u32(id), encode(STRUCTS.service, values));
  }

  putReal(id: number, values: Values): void {
    this.map('reals').put(u32(id), encode(STRUCTS.real, values));
  }

  /** Puts a whole ring in the place of the one before: a packet sees one or the other. */
  putRing(service: number, reals: Uint32Array): void {
    this.#putRing('rings', service, reals);
  }

  /** The ring of the other director. @param reals undefined: it is as ours */
  putRingElsewhere(service: number, reals: Uint32Array | undefined): void {
    const rings = this.map('rings_elsewhere');
    if (reals) this.#putRing('rings_elsewhere', service, reals);
    // Older kernels wait for all processors after each such delete, also where nothing stands, and it may be of every service.
    else if (rings.get(u32(service), u32(0))) rings.delete(u32(service));
  }

  #putRing(into: 'rings' | 'rings_elsewhere', service: number, reals: Uint32Array): void {
    const fd = createMap({
      type: MAP_TYPE.array,
      name: `ring_${service}`,
      keyBytes: 4,
      valueBytes: 4,
      maxEntries: reals.length + 1,
      flags: MAP_FLAG.innerMap,
    });
    const indices = Uint32Array.from({ length: reals.length + 1 }, (_, at) => at);
    new BpfMap(fd).putAll(new Uint8Array(indices.buffer), u32(reals.length, ...reals));
    this.map(into).put(u32(service), u32(fd));
    closeFd(fd);
  }

  putPool(index: number, values: Values): void {
    this.map('pools').put(u32(index), encode(STRUCTS.pool, values));
  }

  putSource(key: Uint8Array, mark: number): void {
    this.map('sources').put(key, u32(mark));
  }

  close(): void {
    for (const fd of Object.values(this.#fds)) closeFd(fd);
  }
}

export const endpointKey = ({ address, port, protocol }: EndpointPlace): Uint8Array =>
  encode(STRUCTS.endpoint_key, { address: addressBytes(address), port, protocol });

/** @param bits of the prefix, of the address as it is written; service 0: all */
export function sourceKey(service: number, address: string, bits: number): Uint8Array {
  const bytes = addressBytes(address);
  const mapped = address.includes(':') ? bits : 96 + bits;
  return encode(STRUCTS.source_key, { prefix_bits: 32 + mapped, service, address: bytes });
}
