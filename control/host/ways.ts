/** By which of its interfaces, and which gateway, this host reaches others. */
import { addressBytes, addressText } from '#kit/address-bytes.ts';
import { listLinks } from '#native/netlink.ts';
import { defaultRoutes, type Hop, type Route, routesTo } from '#native/routes.ts';

export interface Way {
  /** Name of the interface. */
  readonly link: string;
  /** Undefined: the other is in a network of this host. */
  readonly gateway: string | undefined;
  readonly advertisedMss: number | undefined;
}

/** Ways by which packets go when no narrower route is there; none: there is no default route. */
export const defaultWays = (family: 4 | 6): Way[] => waysOf(defaultRoutes(family));

/** @param address in its usual form */
export const waysTo = (address: string): Way[] => waysOf(routesTo(addressBytes(address)));

function waysOf(routes: readonly Route[]): Way[] {
  const names = new Map(listLinks().map(({ index, name }) => [index, name]));
  const way = ({ index, gateway }: Hop, advertisedMss: number | undefined): Way => ({
    link: names.get(index) ?? `#${index}`,
    gateway: gateway && addressText(gateway),
    advertisedMss,
  });
  return routes.flatMap(({ hops, advertisedMss }) => hops.map(hop => way(hop, advertisedMss)));
}
