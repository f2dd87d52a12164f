/** By which of its interfaces, and which gateway, this host reaches others. */
import { addressBytes, addressText, isWithin } from '#kit/address-bytes.ts';
import { listLinks } from '#native/netlink.ts';
import { type Hop, listRoutes, type Route } from '#native/routes.ts';
import { isIp4 } from './facts.ts';

export interface Way {
  /** Name of the interface. */
  readonly link: string;
  /** Undefined: the other is in a network of this host. */
  readonly gateway: string | undefined;
  readonly advertisedMss: number | undefined;
}

/** Ways by which packets go when no narrower route is there; none: there is no default route. */
export function defaultWays(family: 4 | 6): Way[] {
  return waysOf(listRoutes(family).filter(({ prefixBits }) => prefixBits === 0));
}

/** @param address in its usual form */
export function waysTo(address: string): Way[] {
  const bytes = addressBytes(address);
  const fitting = listRoutes(isIp4(address) ? 4 : 6).filter(({ destination, prefixBits }) =>
    isWithin(bytes, { address: destination, prefixBits }),
  );
  const longest = Math.max(...fitting.map(({ prefixBits }) => prefixBits));
  return waysOf(fitting.filter(({ prefixBits }) => prefixBits === longest));
}

/** Of those with the same destination the lowest priority number is used. */
function waysOf(routes: readonly Route[]): Way[] {
  const best = Math.min(...routes.map(({ priority }) => priority));
  const names = new Map(listLinks().map(({ index, name }) => [index, name]));
  const way = ({ index, gateway }: Hop, advertisedMss: number | undefined): Way => ({
    link: names.get(index) ?? `#${index}`,
    gateway: gateway && addressText(gateway),
    advertisedMss,
  });
  return routes
    .filter(({ priority }) => priority === best)
    .flatMap(({ hops, advertisedMss }) => hops.map(hop => way(hop, advertisedMss)));
}
