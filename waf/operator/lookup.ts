/** `@geoLookup` and `@rbl`: what others know about an address. */
import { type Matcher, type MatchScope, type Operator, OperatorFault } from './operator.ts';

export const geoLookup: Operator = {
  name: 'geoLookup',
  doc: 'Looks the address up, fills the collection GEO, and matches when something is known.',
  compile: () => ({ match: (value, scope) => scope.locate(value) }),
};

/** RFC 5782, section 2.1: the numbers of an IPv4 address backwards before the zone. */
export const rbl: Operator = {
  name: 'rbl',
  doc: 'Matches IPv4 addresses that the DNS block list of this zone holds.',
  compile(argument, context) {
    const zone = argument.trim();
    if (!/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+\.?$/.test(zone))
      throw new OperatorFault(`"${zone}" is no DNS zone`);
    if (/(?:^|\.)httpbl\.org\.?$/i.test(zone)) return httpBl(zone, context.httpBlKey);
    const list = `*.${zone}`;
    return { list, match: (value, scope) => addressOf(value, list, scope) !== undefined };
  },
};

/** Project Honey Pot's list: names bear the key of who asks, and the address tells more than that there is one. */
function httpBl(zone: string, key: string | undefined): Matcher {
  // Nobody answers without a key, so nobody is asked.
  if (key === undefined) return { match: () => false };
  const list = `${key}.*.${zone}`;
  return {
    list,
    match: (value, scope) => addressOf(value, list, scope) !== undefined,
    captures: (value, scope) => {
      const found = addressOf(value, list, scope);
      return found === undefined ? undefined : [httpBlText(listName(value, `*.${zone}`)!, found)];
    },
  };
}

const VISITORS = [
  'Search Engine',
  'Suspicious IP',
  'Harvester IP',
  'Suspicious harvester IP',
  'Comment spammer IP',
  'Suspicious comment spammer IP',
  'Harvester and comment spammer IP',
  'Suspicious harvester comment spammer IP',
];

/**
 * As ModSecurity 2 words it, in which the OWASP rules look for the kind of visitor; the key is left out, for it gets into logs.
 *
 * @param found 127.days.score.kind
 * @see https://www.projecthoneypot.org/httpbl_api.php
 */
function httpBlText(name: string, found: string): string {
  const [, days = '0', score = '0', kind = '0'] = found.split('.');
  const visitor = VISITORS[Number(kind)] ?? 'Unknown';
  return `RBL lookup of ${name} succeeded at TX:checkip. ${visitor}: ${days} days since last activity, threat score ${score}`;
}

function addressOf(value: string, list: string, scope: MatchScope): string | undefined {
  const name = listName(value, list);
  return name === undefined ? undefined : scope.listed(name);
}

/** What name servers are asked for; undefined for what is no IPv4 address. @param list the name with `*` in the address's place */
export function listName(address: string, list: string): string | undefined {
  const isIpv4 = /^(?:[0-9]{1,3}\.){3}[0-9]{1,3}$/.test(address);
  return isIpv4 ? list.replace('*', address.split('.').reverse().join('.')) : undefined;
}
