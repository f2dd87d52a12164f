/** Ranges of addresses and ports, as the single ones that a map holds. */
import { IpReader } from '#kit/ip.ts';
import type { VirtualAddressModel } from '#model/l4/virtual-server.ts';
import type { ServiceEndpoint } from './tables.ts';

export function endpointsOf(ranges: readonly VirtualAddressModel[]): ServiceEndpoint[] {
  const endpoints: ServiceEndpoint[] = [];
  for (const { first, last, firstPort, lastPort, protocol } of ranges)
    for (const address of addressesBetween(first, last))
      for (let port = firstPort; port <= lastPort; port++) endpoints.push({ address, port, protocol });
  return endpoints;
}

/** Both included. @throws {RangeError} when the first is none, or the last is not reached after it */
function addressesBetween(first: string, last: string): string[] {
  const reader = new IpReader();
  if (!reader.read(first)) throw new RangeError(`Cannot count from "${first}": it is no address`);
  const addresses = [reader.format()];
  while (addresses.at(-1) !== last) {
    if (!step(reader)) throw new RangeError(`Cannot count from ${first} to ${last}`);
    addresses.push(reader.format());
  }
  return addresses;
}

/** To the next address. @returns false when there is none */
function step({ words, family }: IpReader): boolean {
  for (let at = family === 4 ? 0 : 3; at >= 0; at--) {
    words[at] = words[at]! + 1;
    if (words[at] !== 0) return true; // a word that was full is 0 now, and the one above goes on
  }
  return false;
}

/** The name of an endpoint in maps of this process. */
export const endpointKey = ({ address, port, protocol }: ServiceEndpoint): string =>
  `${protocol} ${address} ${port}`;
