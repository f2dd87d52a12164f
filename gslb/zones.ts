/** The names that are answered: zones with what stands at their heads, and records. Built whole from the configuration. */
import { addressBytes } from '#kit/address-bytes.ts';
import type { GslbModel, GslbRecord, GslbZone, SoaModel } from '#model/gslb.ts';
import { type Choice, chooserOf } from './choose.ts';
import { TYPE } from './wire/code.ts';
import { keyOf, nameBytes, parentOf } from './wire/name.ts';
import type { ReplyRecord } from './wire/reply.ts';

export interface Dynamic {
  readonly model: GslbRecord;
  readonly choose: Choice;
  /** For how fine a network of clients an answer may be remembered, by IANA's numbers of the families; 0: it is for all. */
  readonly scopeBits: Readonly<Record<1 | 2, number>>;
}

/** A name that is there; without anything, one that others stand below (RFC 8020). */
export interface Node {
  readonly records: readonly ReplyRecord[];
  readonly dynamic: Dynamic | undefined;
}

export interface Zone {
  readonly nodes: ReadonlyMap<string, Node>;
  /** For answers that say no. */
  readonly soa: ReplyRecord;
  /** Of name servers within the zone. */
  readonly glue: readonly ReplyRecord[];
}

/** Databases of addresses tell hardly more of finer networks. */
const USUAL_SCOPE_BITS = { 1: 24, 2: 56 } as const;

function scopeBitsOf({ policy, sites }: GslbRecord): Dynamic['scopeBits'] {
  if (policy !== 'geo') return { 1: 0, 2: 0 };
  const networks = sites.flatMap(site => site.networks);
  const finest = (family: 1 | 2) =>
    Math.max(
      USUAL_SCOPE_BITS[family],
      ...networks.filter(({ address }) => address.includes(':') === (family === 2)).map(({ bits }) => bits),
    );
  return { 1: finest(1), 2: finest(2) };
}

const dynamicOf = (model: GslbRecord): Dynamic => ({
  ...{ model, choose: chooserOf(model), scopeBits: scopeBitsOf(model) },
});

/** By the keys of their names. */
export type Zones = ReadonlyMap<string, Zone>;

export const zonesOf = ({ zones }: GslbModel): Zones =>
  new Map(zones.map(zone => [keyOf(nameBytes(zone.name)), zoneOf(zone)]));

/** The zone that a name is in: the one with the longest name. */
export function zoneAround(zones: Zones, key: string): Zone | undefined {
  for (let at: string | undefined = key; at !== undefined; at = parentOf(at)) {
    const zone = zones.get(at);
    if (zone) return zone;
  }
  return undefined;
}

/** The label `*` alone, as the wire has it. */
const ASTERISK = '\x01*';

/**
 * A name, or the wildcard that stands for it: the one directly below the longest name around it that is there (RFC 4592 §3.3.1).
 *
 * @returns undefined when there is neither
 */
export function nodeOf({ nodes }: Zone, key: string): Node | undefined {
  for (let at: string | undefined = key; at !== undefined; at = parentOf(at)) {
    const node = nodes.get(at);
    if (node) return at === key ? node : nodes.get(ASTERISK + at);
  }
  return undefined;
}

function zoneOf(zone: GslbZone): Zone {
  const apex = nameBytes(zone.name);
  const { soa, ttlS, nameServers, records } = zone;
  const soaRecord = { owner: undefined, type: TYPE.SOA, ttlS, data: soaData(soa) };
  const glue = nameServers.flatMap(server =>
    server.addresses.map(one => addressRecord(nameBytes(server.name), ttlS, one)),
  );
  const nodes = new Map<string, Node>();
  nodes.set(keyOf(apex), {
    records: [
      soaRecord,
      ...nameServers.map(({ name }) => ({ owner: undefined, type: TYPE.NS, ttlS, data: nameBytes(name) })),
    ],
    dynamic: undefined,
  });
  for (const { name, addresses } of nameServers)
    if (addresses.length > 0)
      put(nodes, name, {
        records: addresses.map(one => addressRecord(undefined, ttlS, one)),
        dynamic: undefined,
      });
  for (const model of records) put(nodes, model.name, { records: [], dynamic: dynamicOf(model) });
  return {
    nodes,
    glue,
    // How long a "no" may be remembered is the lesser of both (RFC 2308 §5).
    soa: { ...soaRecord, owner: apex, ttlS: Math.min(ttlS, soa.minimumS) },
  };
}

export const addressRecord = (owner: Uint8Array | undefined, ttlS: number, address: string): ReplyRecord => {
  const data = addressBytes(address);
  return { owner, type: data.length === 4 ? TYPE.A : TYPE.AAAA, ttlS, data };
};

/** With the names around it up to that of the zone, which stands there already. */
function put(nodes: Map<string, Node>, name: string, node: Node): void {
  const key = keyOf(nameBytes(name));
  const before = nodes.get(key);
  nodes.set(key, {
    records: [...(before?.records ?? []), ...node.records],
    dynamic: node.dynamic ?? before?.dynamic,
  });
  for (let at = parentOf(key); at !== undefined && !nodes.has(at); at = parentOf(at))
    nodes.set(at, { records: [], dynamic: undefined });
}

function soaData({ primary, mailbox, serial, refreshS, retryS, expireS, minimumS }: SoaModel): Buffer {
  const numbers = Buffer.alloc(20);
  for (const [at, one] of [serial, refreshS, retryS, expireS, minimumS].entries())
    numbers.writeUInt32BE(one, 4 * at);
  return Buffer.concat([nameBytes(primary), nameBytes(mailbox), numbers]);
}
