/** realip: takes the client's address from trusted proxies, once a request. */
import type { Cidr } from '#kit/cidr.ts';
import { IpTable } from '#kit/ip-table.ts';
import type { Exchange } from '../exchange.ts';
import { ForwardedAddress } from '../forwarded-address.ts';
import { oncePer } from '../once-per.ts';
import type { Compiler } from '../tables.ts';
import { NEXT, type Phase } from './verdict.ts';

const tableOf = oncePer((networks: readonly Cidr[]) =>
  IpTable.ofRules(networks.map(network => ({ network, value: true }))),
);

/** Stands twice: before the location is known, and in the location, which may have settings of its own. */
export function realipPhase({ location }: Compiler): Phase | undefined {
  const { from, header, recursive } = location.settings.realip;
  if (from.length === 0) return undefined;
  const forwarded = new ForwardedAddress(tableOf(from), recursive);
  const find = finder(header, forwarded);
  return exchange => {
    if (exchange.addressKnown || exchange.main !== exchange || !find(exchange)) return NEXT;
    exchange.addressKnown = true;
    exchange.remoteAddress = forwarded.address;
    exchange.remotePort = forwarded.port;
    return NEXT;
  };
}

/** Lists in this field are one list, however many lines they take; of others the first line counts. */
const LIST = 'x-forwarded-for';

function finder(header: string, forwarded: ForwardedAddress): (exchange: Exchange) => boolean {
  if (header === 'proxy_protocol')
    return ({ connection, remoteAddress }) => {
      const { proxied } = connection;
      if (!proxied || !forwarded.follow(proxied.sourceAddress, remoteAddress)) return false;
      forwarded.port = proxied.sourcePort;
      return true;
    };
  if (header === LIST)
    return ({ head, remoteAddress }) => forwarded.followLines(head.headers, header, remoteAddress);
  return ({ head, remoteAddress }) => {
    const value = head.headers.get(header);
    return value !== undefined && forwarded.follow(value, remoteAddress);
  };
}
