/** `@geoLookup` and `@rbl`: what others know about an address. */
import { type Operator, OperatorFault } from './operator.ts';

export const geoLookup: Operator = {
  name: 'geoLookup',
  doc: 'Looks the address up, fills the collection GEO, and matches when something is known.',
  compile: () => ({ match: (value, scope) => scope.locate(value) }),
};

/** RFC 5782, section 2.1: the numbers of an IPv4 address backwards before the zone. */
export const rbl: Operator = {
  name: 'rbl',
  doc: 'Matches IPv4 addresses that the DNS block list of this zone holds.',
  compile(argument) {
    const zone = argument.trim();
    if (!/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+\.?$/.test(zone))
      throw new OperatorFault(`"${zone}" is no DNS zone`);
    return {
      list: zone,
      match(value, scope) {
        const name = listName(value, zone);
        return name !== undefined && scope.listed(name);
      },
    };
  },
};

/** What name servers are asked for; undefined for what is no IPv4 address. */
export function listName(address: string, zone: string): string | undefined {
  const isIpv4 = /^(?:[0-9]{1,3}\.){3}[0-9]{1,3}$/.test(address);
  return isIpv4 ? `${address.split('.').reverse().join('.')}.${zone}` : undefined;
}
