/** `geo`: a value by an address. */
import type { Cidr } from '#kit/cidr.ts';
import { IpTable, rangeOf } from '#kit/ip-table.ts';
import type { GeoLookup, UserVariable } from '#model/l7/variable.ts';
import type { Template } from '#model/template.ts';
import type { Exchange } from '../exchange.ts';
import { ForwardedAddress } from '../forwarded-address.ts';
import { keptOnce, workedOutEachTime } from './keep.ts';
import type { Getter, VariableSpace } from './space.ts';

type GeoVariable = Extract<UserVariable, { kind: 'geo' }>;

/** What nginx looks up for clients of Unix sockets, and for texts that are no address. */
const NOWHERE = '255.255.255.255';

export function geoGetter(variable: GeoVariable, slot: number, space: VariableSpace): Getter {
  const find = finder(variable.lookup);
  const { source, proxies, proxyRecursive } = variable;
  const addressOf = addressReader(source, proxies, proxyRecursive, space);
  const work = (exchange: Exchange) => find(addressOf(exchange));
  return variable.volatile ? workedOutEachTime(work, slot) : keptOnce(work, slot);
}

function finder(lookup: GeoLookup): (address: string) => string {
  if (lookup.by === 'network') {
    const table = IpTable.ofNetworks(lookup.entries);
    const nowhere = table.find(NOWHERE) ?? '';
    return address => table.find(address, nowhere) ?? '';
  }
  const { entries, fallback } = lookup;
  const nowhere = new IpTable(entries).find(NOWHERE) ?? fallback;
  const table = new IpTable([...entries, rangeOf({ address: '::', bits: 0 }, nowhere)]);
  return address => table.find(address, nowhere) ?? fallback;
}

/** @param proxies whose X-Forwarded-For is believed */
export function addressReader(
  source: Template | undefined,
  proxies: readonly Cidr[],
  recursive: boolean,
  space: VariableSpace,
): (exchange: Exchange) => string {
  const own = source === undefined ? (exchange: Exchange) => exchange.remoteAddress : space.text(source);
  if (proxies.length === 0) return own;
  const trusted = IpTable.ofRules(proxies.map(network => ({ network, value: true })));
  const forwarded = new ForwardedAddress(trusted, recursive);
  return exchange => {
    forwarded.followLines(exchange.head.headers, 'x-forwarded-for', own(exchange));
    return forwarded.address;
  };
}
