/** What a query is answered: from the zones, and what is known of the sites. Pure, but for the lot that is drawn. */
import type { ConditionOf } from './choose.ts';
import type { FindPlace } from './place.ts';
import { TYPE } from './wire/code.ts';
import type { Query } from './wire/query.ts';
import { type Answer, type ReplyRecord, refusalWith } from './wire/reply.ts';
import {
  addressRecord,
  type Dynamic,
  type Node,
  nodeOf,
  type Zone,
  type Zones,
  zoneAround,
} from './zones.ts';

export interface Surroundings {
  readonly zones: Zones;
  readonly findPlace: FindPlace;
  /** Whether what resolvers say of their clients counts. */
  readonly clientSubnet: boolean;
  readonly conditionOf: (record: string) => ConditionOf;
  /** 0 <= r < 1 */
  readonly random: () => number;
}

/** "ANY is not told" (RFC 8482 §4.2): a CPU of this name, an operating system of none. */
const ANY_DATA = Buffer.from('\x07RFC8482\0', 'latin1');
const ANY_TTL_S = 3600;

/** @param source where the query came from */
export function answerTo(query: Query, source: string, around: Surroundings): Answer {
  if (query.refusal) return refusalWith(query.refusal);
  const zone = zoneAround(around.zones, query.key);
  if (!zone) return refusalWith('REFUSED');
  const node = nodeOf(zone, query.key);
  if (!node) return negative(zone, 'NXDOMAIN');
  if (query.type === TYPE.ANY)
    return positive([{ owner: undefined, type: TYPE.HINFO, ttlS: ANY_TTL_S, data: ANY_DATA }]);
  const fixed = node.records.filter(({ type }) => type === query.type);
  if (fixed.length > 0) return positive(fixed, query.type === TYPE.NS ? zone.glue : []);
  return fromSites(query, source, node, zone, around);
}

function fromSites(
  query: Query,
  source: string,
  { dynamic }: Node,
  zone: Zone,
  around: Surroundings,
): Answer {
  if (!dynamic || (query.type !== TYPE.A && query.type !== TYPE.AAAA)) return negative(zone, 'NOERROR');
  const { model, choose } = dynamic;
  const address = (around.clientSubnet ? query.edns?.subnet?.address : undefined) ?? source;
  const client = { address, place: () => around.findPlace(address), random: around.random };
  const chosen = choose(client, query.type === TYPE.A ? 4 : 6, around.conditionOf(model.name));
  const scopeBits = scopeOf(query, dynamic, around);
  if (chosen.length === 0) return { ...negative(zone, 'NOERROR'), scopeBits };
  return { ...positive(chosen.map(one => addressRecord(undefined, model.ttlS, one))), scopeBits };
}

function scopeOf({ edns }: Query, { scopeBits }: Dynamic, { clientSubnet }: Surroundings): number {
  const subnet = edns?.subnet;
  return subnet && clientSubnet ? Math.min(subnet.sourceBits, scopeBits[subnet.family]) : 0;
}

const positive = (answers: readonly ReplyRecord[], additionals: readonly ReplyRecord[] = []): Answer => ({
  ...{ rcode: 'NOERROR', authoritative: true, answers, authorities: [], additionals, scopeBits: 0 },
});

/** RFC 2308: nothing, and for how long that may be remembered. */
const negative = ({ soa }: Zone, rcode: 'NOERROR' | 'NXDOMAIN'): Answer => ({
  ...{ rcode, authoritative: true, answers: [], authorities: [soa], additionals: [], scopeBits: 0 },
});
