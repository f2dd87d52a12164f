/** The routes of this host, as the kernel has them (rtnetlink). */
import { addressBytes, isWithin, sameAddress } from '#kit/address-bytes.ts';
import { addon } from './addon.ts';
import { attributesOf, bodies, FLAG, message, NETLINK_ROUTE, word } from './netlink-message.ts';

const MESSAGE = { newRoute: 24, getRoute: 26 };
const FIXED_BYTES = 12;
const FAMILY = { 4: 2, 6: 10 } as const;
const MAIN_TABLE = 254;
const UNICAST = 1;
const ROUTE = { destination: 1, interface: 4, gateway: 5, priority: 6, metrics: 8, hops: 9 };
const ADVERTISED_MSS = 8;
const HOP_BYTES = 8;

export interface Route {
  readonly family: 4 | 6;
  /** 4 or 16 bytes. */
  readonly destination: Uint8Array;
  readonly prefixBits: number;
  /** The lower one wins. */
  readonly priority: number;
  /** Of the segments that connections by this route ask for; undefined: as the interface's MTU has it. */
  readonly advertisedMss: number | undefined;
  /** More than one: packets are spread. */
  readonly hops: readonly Hop[];
}

export interface Hop {
  /** Index of the interface. */
  readonly index: number;
  /** Undefined: the destination itself is a neighbour. */
  readonly gateway: Uint8Array | undefined;
}

/** Routes to other hosts in the main table, in the kernel's order. */
export const listRoutes = (family: 4 | 6): Route[] => mainTable(family, type => type === UNICAST);

function mainTable(family: 4 | 6, isWanted: (type: number) => boolean): Route[] {
  const fixed = new Uint8Array(FIXED_BYTES);
  fixed[0] = FAMILY[family];
  fixed[4] = MAIN_TABLE;
  const ask = message(MESSAGE.getRoute, FLAG.dump, fixed);
  const answers = addon().netlinkAsk(NETLINK_ROUTE, ask, 'list', 'routes');
  return Array.from(bodies(answers, MESSAGE.newRoute))
    .filter(body => body[4] === MAIN_TABLE && isWanted(body[7]!))
    .map(body => routeOf(body, family));
}

/** Those by which packets to an address of 4 or 16 bytes go: of the longest prefix the ones with the lowest priority number. */
export function routesTo(address: Uint8Array): Route[] {
  const fitting = listRoutes(address.length === 4 ? 4 : 6).filter(({ destination, prefixBits }) =>
    isWithin(address, { address: destination, prefixBits }),
  );
  const longest = Math.max(...fitting.map(({ prefixBits }) => prefixBits));
  return bestOf(fitting.filter(({ prefixBits }) => prefixBits === longest));
}

/** RTM_F_FIB_MATCH and _LOOKUP_TABLE: the entry itself is told, with all its hops, and not what one packet would do. */
const WHOLE_ENTRY = 0x2000 | 0x1000;

/**
 * Asks the kernel for the one route that packets to an address of 4 or 16 bytes go by: of a hundred thousand no other is looked at.
 *
 * @returns `none`: there is none; `other`: they are dropped or refused by one, or do not go by the main table
 */
function matchOf(address: Uint8Array): Route | 'none' | 'other' {
  const family = address.length === 4 ? 4 : 6;
  const fixed = new Uint8Array(FIXED_BYTES);
  fixed[0] = FAMILY[family];
  fixed[1] = address.length * 8;
  new DataView(fixed.buffer).setUint32(8, WHOLE_ENTRY, true);
  const ask = message(MESSAGE.getRoute, FLAG.acknowledge, fixed, [[ROUTE.destination, address]]);
  try {
    const answers = addon().netlinkAsk(NETLINK_ROUTE, ask, 'look up', 'a route');
    const [body] = bodies(answers, MESSAGE.newRoute);
    if (!body || body[4] !== MAIN_TABLE || body[7] !== UNICAST) return 'other';
    return routeOf(body, family);
  } catch (fault) {
    const { code = '' } = fault as NodeJS.ErrnoException;
    if (code === 'ENETUNREACH') return 'none';
    if (['EINVAL', 'EACCES', 'EHOSTUNREACH'].includes(code)) return 'other';
    throw fault;
  }
}

/** Networks for documentation (RFC 5737, RFC 3849, RFC 9637) and to be dropped (RFC 6666): nobody has a narrower route for each of them. */
const NOWHERE: Readonly<Record<4 | 6, readonly Uint8Array[]>> = {
  4: ['192.0.2.1', '198.51.100.1', '203.0.113.1'].map(addressBytes),
  6: ['2001:db8:ffff:ffff::1', '3fff:fff:ffff::1', '100::1'].map(addressBytes),
};

/** The same for what goes by no narrower route: asked for by addresses that are nowhere. */
function defaultMatch(family: 4 | 6): Route | 'none' | 'other' {
  for (const address of NOWHERE[family]) {
    const found = matchOf(address);
    if (found === 'none' || (found !== 'other' && found.prefixBits === 0)) return found;
  }
  return 'other';
}

/** Those by which packets go when no narrower route is there. */
export function defaultRoutes(family: 4 | 6): Route[] {
  const found = defaultMatch(family);
  if (found === 'none') return [];
  return found === 'other'
    ? bestOf(listRoutes(family).filter(({ prefixBits }) => prefixBits === 0))
    : [found];
}

/** Whether the main table has a route to exactly this network; one by which packets are dropped is one, too. */
export function hasRouteTo(destination: Uint8Array, prefixBits: number): boolean {
  const family = destination.length === 4 ? 4 : 6;
  const found = prefixBits === 0 ? defaultMatch(family) : matchOf(destination);
  if (found === 'none') return false;
  // A narrower one would hide it: then all have to be looked at.
  if (found !== 'other' && found.prefixBits <= prefixBits) return found.prefixBits === prefixBits;
  return mainTable(family, () => true).some(
    route =>
      route.prefixBits === prefixBits && (prefixBits === 0 || sameAddress(route.destination, destination)),
  );
}

function bestOf(routes: readonly Route[]): Route[] {
  const best = Math.min(...routes.map(({ priority }) => priority));
  return routes.filter(({ priority }) => priority === best);
}

function routeOf(body: Uint8Array, family: 4 | 6): Route {
  const facts = attributesOf(body, FIXED_BYTES);
  const metrics = facts.get(ROUTE.metrics);
  const mss = metrics && attributesOf(metrics, 0).get(ADVERTISED_MSS);
  return {
    family,
    destination: facts.get(ROUTE.destination) ?? new Uint8Array(family === 4 ? 4 : 16),
    prefixBits: body[1]!,
    priority: facts.has(ROUTE.priority) ? word(facts.get(ROUTE.priority)!, 0) : 0,
    advertisedMss: mss && word(mss, 0),
    hops: facts.has(ROUTE.hops)
      ? Array.from(severalHops(facts.get(ROUTE.hops)!))
      : [
          {
            index: facts.has(ROUTE.interface) ? word(facts.get(ROUTE.interface)!, 0) : 0,
            gateway: facts.get(ROUTE.gateway),
          },
        ],
  };
}

/** Of a route that spreads: each has a header of 8 bytes (length, flags, weight, interface) and attributes. */
function* severalHops(bytes: Uint8Array): Generator<Hop> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + HOP_BYTES <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < HOP_BYTES || at + length > bytes.length) return;
    const facts = attributesOf(bytes.subarray(at, at + length), HOP_BYTES);
    yield { index: view.getInt32(at + 4, true), gateway: facts.get(ROUTE.gateway) };
    at += (length + 3) & ~3;
  }
}
