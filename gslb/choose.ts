/** Which addresses a client is told: the sites that live, by the policy of the record, and down the chain when none does. Pure. */
import { IpTable } from '#kit/ip-table.ts';
import type { GslbRecord, GslbSite } from '#model/gslb.ts';
import { distance, type Place } from './place.ts';

export interface Client {
  /** Its own address, or of its network, or its resolver's. */
  readonly address: string;
  readonly place: () => Place;
  /** 0 <= r < 1 */
  readonly random: () => number;
}

/** What its checks say of an address of a site. */
export interface Condition {
  readonly alive: boolean;
  /** The weight that its checks say; undefined: the configured one. */
  readonly weight: number | undefined;
}

export type ConditionOf = (site: GslbSite, address: string) => Condition;

/** An address that may be told. */
interface Candidate {
  readonly site: GslbSite;
  readonly address: string;
  readonly weight: number;
}

export type Choice = (client: Client, family: 4 | 6, conditionOf: ConditionOf) => readonly string[];

const familyOf = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4);

/** @returns a choice that gives nothing where the record has no address of the family, or where that is what the fallback says */
export function chooserOf(record: GslbRecord): Choice {
  const { sites, policy, answers, fallback } = record;
  const rank = policy === 'geo' ? rankOf(sites) : undefined;
  return (client, family, conditionOf) => {
    const all = sites.flatMap(site =>
      site.addresses
        .filter(address => familyOf(address) === family)
        .map(address => ({ site, address, weight: site.weight })),
    );
    const living = all.flatMap(one => {
      const { alive, weight = one.weight } = conditionOf(one.site, one.address);
      return alive && weight > 0 ? [{ ...one, weight }] : [];
    });
    const pick = (from: readonly Candidate[]) =>
      by(policy, rank ? nearest(from, client, rank) : from, client);
    for (const backup of [false, true]) {
      const group = living.filter(({ site }) => site.backup === backup);
      if (group.length > 0) return addressesOf(pick(group), answers);
    }
    if (fallback.kind === 'addresses')
      return all.length === 0
        ? []
        : fallback.addresses.filter(one => familyOf(one) === family).slice(0, answers);
    // Nobody lives, it seems: checks that are wrong must not take all sites away.
    return fallback.kind === 'none' ? [] : addressesOf(pick(all.filter(({ weight }) => weight > 0)), answers);
  };
}

const addressesOf = (list: readonly Candidate[], most: number): string[] =>
  list.slice(0, most).map(({ address }) => address);

/** In the order in which they are to be told. */
const by = (policy: GslbRecord['policy'], list: readonly Candidate[], { random }: Client) =>
  policy === 'failover' ? list : drawn(list, random);

/** By lot, each as often first as its weight says, the next ones from those that are left. */
function drawn(list: readonly Candidate[], random: () => number): Candidate[] {
  // Efraimidis and Spirakis, "Weighted random sampling with a reservoir" (2006): the greatest of r^(1/weight) comes first.
  return list
    .map(one => ({ one, key: Math.log(1 - random()) / one.weight }))
    .sort((a, b) => b.key - a.key)
    .map(({ one }) => one);
}

type Rank = (site: GslbSite, client: Client) => number;

/** 0: for its network; 1: its country; 2: its continent; 3: for others. */
function rankOf(sites: readonly GslbSite[]): Rank {
  const networks = new Map(
    sites.map(site => [site, IpTable.ofNetworks(site.networks.map(network => ({ network, value: true })))]),
  );
  return (site, { address, place }) => {
    if (site.networks.length > 0 && networks.get(site)?.find(address)) return 0;
    const { country, continent } = place();
    if (site.countries.some(one => one === country)) return 1;
    if (site.continents.some(one => one === continent)) return 2;
    return 3;
  };
}

/** Those of the best rank; of them, where it is known how far all are, the nearest. */
function nearest(list: readonly Candidate[], client: Client, rank: Rank): readonly Candidate[] {
  const ranked = list.map(one => ({ one, rank: rank(one.site, client) }));
  const best = Math.min(...ranked.map(one => one.rank));
  const group = ranked.filter(one => one.rank === best).map(({ one }) => one);
  const { point } = client.place();
  if (!point || group.some(({ site }) => !site.location)) return group;
  const far = group.map(({ site }) => distance(point, site.location!));
  const least = Math.min(...far);
  return group.filter((_, at) => far[at] === least);
}
