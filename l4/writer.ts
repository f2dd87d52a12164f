/** Writes tables into the maps, change by change. It knows what it has written, for some entries are made of several parts. */
import type { SourceFilterModel } from '#model/l4/filter.ts';
import { addressBytes } from './address.ts';
import {
  ADDRESS,
  FATE,
  INTAKE,
  LOCALITY_RULE,
  MODE,
  PROTOCOL,
  REAL,
  RING_KEY,
  SCORE_RULE,
  SELECTION,
  SERVICE,
  SERVICES_MOST,
  SETTING,
  SOURCE,
  TUNNEL,
} from './layout.ts';
import { type L4Maps, sourceKey } from './maps.ts';
import { poolEntries } from './source-pools.ts';
import type { Values } from './struct.ts';
import type {
  L4Settings,
  RealTable,
  Selection,
  ServiceEndpoint,
  ServiceFacts,
  TableChange,
} from './tables.ts';

const NS_PER_MS = 1_000_000n;
const GLOBAL = 0;

/** What of this machine stands in the maps. */
export interface Surroundings {
  /** Addresses of this machine, 16 bytes each in hexadecimal. */
  readonly local: ReadonlySet<string>;
  /** Where tunnels begin: 4 and 16 bytes; zeros where there is no such address. */
  readonly tunnelSource4: Uint8Array;
  readonly tunnelSource6: Uint8Array;
}

type ServiceParts = { facts?: ServiceFacts; selection?: Selection };

export class MapWriter {
  readonly #maps: L4Maps;
  readonly #services = new Map<number, ServiceParts>();
  readonly #reals = new Map<number, RealTable>();
  readonly #endpoints = new Map<string, ServiceEndpoint>();
  /** What addresses mean, as it stands in the map. */
  #addresses = new Map<string, number>();
  readonly #filters = new Map<number, Map<string, [Uint8Array, number]>>();
  /** Services of which the other director's ring was told in this life. */
  readonly #elsewhere = new Set<number>();
  #settings: L4Settings | undefined;
  #surroundings: Surroundings;

  constructor(maps: L4Maps, surroundings: Surroundings) {
    this.#maps = maps;
    this.#surroundings = surroundings;
  }

  /** In their order; then what follows from all of them together. */
  apply(changes: readonly TableChange[], surroundings = this.#surroundings): void {
    this.#surroundings = surroundings;
    for (const change of changes) this.#absorb(change);
    this.#writeAddresses();
    for (const change of changes) this.#write(change);
    this.#forgetAddresses();
    this.#writeSettings();
  }

  /** The real servers that are known, also those that are leaving. */
  get reals(): ReadonlyMap<number, RealTable> {
    return this.#reals;
  }

  #absorb(change: TableChange): void {
    switch (change.kind) {
      case 'put-settings':
        this.#settings = change.settings;
        return;
      case 'put-real':
        this.#reals.set(change.real.id, change.real);
        return;
      case 'put-service':
        this.#services.set(change.id, { ...this.#services.get(change.id), facts: change.facts });
        return;
      case 'put-selection':
        this.#services.set(change.serviceId, {
          ...this.#services.get(change.serviceId),
          selection: change.selection,
        });
        return;
      case 'put-endpoint':
        this.#endpoints.set(keyOf(change.endpoint), change.endpoint);
        return;
      case 'drop-endpoint':
        this.#endpoints.delete(keyOf(change.endpoint));
        return;
      case 'drop-service':
        this.#services.delete(change.id);
        return;
      case 'drop-real':
        this.#reals.delete(change.id);
    }
  }

  #write(change: TableChange): void {
    switch (change.kind) {
      case 'put-settings':
        return this.#writeShared(change.settings);
      case 'put-real':
        return this.#writeReal(change.real);
      case 'put-service':
        return this.#putService(change.id, change.facts);
      case 'put-selection':
        this.#maps.putRing(change.serviceId, listOf(change.selection));
        return this.#writeService(change.serviceId);
      case 'put-elsewhere':
        this.#elsewhere.add(change.serviceId);
        return this.#maps.putRingElsewhere(change.serviceId, change.slots);
      case 'put-endpoint':
        return this.#maps.putEndpoint(placeOf(change.endpoint), change.serviceId);
      case 'drop-endpoint':
        return this.#maps.dropEndpoint(placeOf(change.endpoint));
      case 'drop-service':
        this.#writeFilter(change.id, { allowed: [], denied: [] });
        return this.#maps.dropService(change.id);
      case 'drop-real':
        // Whoever still comes by an old entry must not be sent to nowhere.
        return this.#maps.putReal(change.id, { fate: FATE.rst });
    }
  }

  #writeShared(settings: L4Settings): void {
    poolEntries(settings.sourcePools).forEach(({ values }, index) => {
      this.#maps.putPool(index, values);
    });
    this.#writeFilter(GLOBAL, settings.filter);
  }

  #putService(id: number, facts: ServiceFacts): void {
    this.#writeFilter(id, facts.filter);
    this.#writeService(id);
    for (const real of this.#reals.values()) if (real.serviceId === id) this.#writeReal(real);
  }

  #writeService(id: number): void {
    const { facts, selection } = this.#services.get(id) ?? {};
    if (facts && selection) this.#maps.putService(id, serviceValues(facts, selection));
  }

  #writeReal(real: RealTable): void {
    const tunnel = this.#services.get(real.serviceId)?.facts?.tunnel;
    const isLocal = this.#surroundings.local.has(hexOf(real.address));
    this.#maps.putReal(real.id, {
      address: addressBytes(real.address),
      service: real.serviceId,
      weight: real.weight,
      upper: real.upper,
      lower: real.lower || Math.floor((real.upper * 3) / 4),
      port: real.port,
      tunnel_port: tunnel?.port ?? 0,
      mode: MODE[real.mode],
      intake: INTAKE[real.intake],
      fate: FATE[real.fate],
      tunnel: TUNNEL[tunnel?.kind ?? 'ipip'],
      flags: isLocal ? REAL.local : 0,
    });
  }

  /** New prefixes first, then those that are over: a prefix that stays is never missing. */
  #writeFilter(service: number, filter: SourceFilterModel): void {
    const before = this.#filters.get(service) ?? new Map();
    const after = filterEntries(service, filter);
    for (const [name, [key, mark]] of after)
      if (before.get(name)?.[1] !== mark) this.#maps.putSource(key, mark);
    for (const [name, [key]] of before) if (!after.has(name)) this.#maps.map('sources').delete(key);
    this.#filters.set(service, after);
  }

  #meanings(): Map<string, number> {
    const found = new Map<string, number>();
    const add = (address: string, kind: number) => found.set(address, (found.get(address) ?? 0) | kind);
    for (const { address } of this.#endpoints.values()) add(address, ADDRESS.virtual);
    for (const { address, mode } of this.#reals.values())
      if (mode === 'nat' || mode === 'fullnat') add(address, ADDRESS.real);
    for (const { all } of poolEntries(this.#settings?.sourcePools ?? []))
      for (const address of all) add(address, ADDRESS.source);
    return found;
  }

  /** The sieve passes what was and what will be, until all else is written. */
  #writeAddresses(): void {
    const meanings = this.#meanings();
    this.#maps.putSieve([...this.#addresses, ...meanings]);
    for (const [address, kind] of meanings)
      if (this.#addresses.get(address) !== kind) this.#maps.putAddress(address, kind);
  }

  #forgetAddresses(): void {
    const wanted = this.#meanings();
    for (const address of this.#addresses.keys()) if (!wanted.has(address)) this.#maps.putAddress(address, 0);
    this.#maps.putSieve(wanted);
    this.#addresses = wanted;
  }

  #writeSettings(): void {
    const settings = this.#settings;
    if (!settings) return;
    const { timeouts } = settings;
    const ns = (ms: number) => BigInt(ms) * NS_PER_MS;
    const hasFilter = settings.filter.denied.length > 0;
    this.#maps.putSettings({
      hash_key: settings.hashKey,
      cookie_key: settings.cookieKey,
      wall_ns: BigInt(Date.now()) * NS_PER_MS - process.hrtime.bigint(),
      established_ns: ns(timeouts.establishedMs),
      syn_ns: ns(timeouts.synMs),
      fin_ns: ns(timeouts.finMs),
      udp_ns: ns(timeouts.udpMs),
      inserts_most: settings.insertsPerSecond,
      flags:
        (hasFilter ? SETTING.filter : 0) |
        (settings.leaseMs === undefined ? 0 : SETTING.lease) |
        (settings.isSynced ? SETTING.sync : 0),
      pools: settings.sourcePools.length,
      tunnel_source4: this.#surroundings.tunnelSource4,
      tunnel_source6: this.#surroundings.tunnelSource6,
    });
  }

  /** Removes entries of an adopted set of maps that nobody has written in this life. */
  removeStrangers(): void {
    for (let id = 1; id < SERVICES_MOST; id++)
      if (!this.#elsewhere.has(id)) this.#maps.putRingElsewhere(id, undefined);
    const addresses = new Set([...this.#addresses.keys()].map(hexOf));
    for (const key of [...this.#maps.map('addresses').keys()])
      if (!addresses.has(hex(key))) this.#maps.map('addresses').delete(key);
    const endpoints = new Set(
      [...this.#endpoints.values()].map(
        ({ address, port, protocol }) => `${hexOf(address)} ${port} ${protocol}`,
      ),
    );
    for (const [key, place] of this.#maps.endpointPlaces()) {
      if (
        !endpoints.has(
          `${hex(key.subarray(0, 16))} ${place.port} ${place.protocol === PROTOCOL.tcp ? 'tcp' : 'udp'}`,
        )
      )
        this.#maps.dropEndpoint(place);
    }
    const prefixes = new Set(
      [...this.#filters.values()].flatMap(entries => [...entries.values()].map(([key]) => hex(key))),
    );
    for (const key of [...this.#maps.map('sources').keys()])
      if (!prefixes.has(hex(key))) this.#maps.map('sources').delete(key);
  }
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const hexOf = (address: string) => hex(addressBytes(address));
const keyOf = ({ address, port, protocol }: ServiceEndpoint) => `${protocol} ${address} ${port}`;
const placeOf = ({ address, port, protocol }: ServiceEndpoint) => ({
  address,
  port,
  protocol: PROTOCOL[protocol],
});
const listOf = (selection: Selection) => ('slots' in selection ? selection.slots : selection.reals);

function serviceValues(facts: ServiceFacts, selection: Selection): Values {
  const { persistence, sourceLimit, limit, synCookies } = facts;
  const limitValues = ({ synsPerSecond, packetsPerSecond, connections }: typeof limit) => ({
    syns: synsPerSecond,
    packets: packetsPerSecond,
    connections,
  });
  return {
    persist_ns: BigInt(persistence?.timeoutMs ?? 0) * NS_PER_MS,
    flags:
      (facts.onePacket ? SERVICE.onePacket : 0) |
      (facts.filter.denied.length > 0 ? SERVICE.filter : 0) |
      (synCookies ? SERVICE.cookies : 0),
    selection: SELECTION[selection.kind],
    ring_key: selection.kind === 'ring' ? RING_KEY[selection.key] : 0,
    score_rule: ruleOf(selection),
    persist_bits4: persistence?.bits4 ?? 0,
    persist_bits6: persistence?.bits6 ?? 0,
    source: limitValues(sourceLimit),
    total: limitValues(limit),
    cookie_threshold: synCookies ? thresholdOf(synCookies.threshold, limit.synsPerSecond) : 0,
  };
}

function ruleOf(selection: Selection): number {
  if (selection.kind === 'score') return SCORE_RULE[selection.rule];
  return selection.kind === 'locality' ? LOCALITY_RULE[selection.rule] : 0;
}

/** A limit of new connections holds for those that are proven: below it SYNs are answered by cookies at the latest. */
const thresholdOf = (threshold: number, limit: number): number =>
  threshold > 0 && limit > 0 ? Math.min(threshold, limit) : threshold;

/** Allowed networks go before denied ones, whichever is longer: what lies within an allowed one needs no denial. */
function filterEntries(
  service: number,
  { allowed, denied }: SourceFilterModel,
): Map<string, [Uint8Array, number]> {
  const entries = new Map<string, [Uint8Array, number]>();
  if (denied.length === 0) return entries;
  const allowedKeys = allowed.map(({ address, bits }) => sourceKey(service, address, bits));
  for (const key of allowedKeys) entries.set(hex(key), [key, SOURCE.allowed]);
  for (const { address, bits } of denied) {
    const key = sourceKey(service, address, bits);
    if (!allowedKeys.some(outer => contains(outer, key))) entries.set(hex(key), [key, SOURCE.denied]);
  }
  return entries;
}

/** Of keys of the trie: whether every address of the second is one of the first. */
function contains(outer: Uint8Array, inner: Uint8Array): boolean {
  const bits = new DataView(outer.buffer).getUint32(0, true) - 32;
  if (new DataView(inner.buffer).getUint32(0, true) - 32 < bits) return false;
  for (let at = 0; at < bits; at++) {
    const mask = 0x80 >> (at & 7);
    if ((outer[8 + (at >> 3)]! & mask) !== (inner[8 + (at >> 3)]! & mask)) return false;
  }
  return true;
}
