/** What a box is made of: hosts, wires and addresses, as data. */
import type { ForwardMode } from '#model/l4/virtual-server.ts';

export type Role = 'client' | 'attacker' | 'director' | 'proxy' | 'server' | 'witness';

/**
 * `front`: clients, and who answers them; `lan`: behind the director, for nat alone; `back`: proxies and servers; `heart`: the cable
 * between the two directors.
 */
export type Segment = 'front' | 'lan' | 'back' | 'heart';

/** Whom the pair asks while its nodes do not hear each other. `redis` gives the right to one of them alone; `reach` is a weak one. */
export const WITNESSES = ['none', 'reach', 'redis'] as const;
export type WitnessKind = (typeof WITNESSES)[number];

export interface PlannedWire {
  readonly interface: string;
  readonly segment: Segment;
  /** With their prefix. */
  readonly addresses: readonly string[];
}

export interface PlannedNode {
  readonly name: string;
  readonly role: Role;
  /** Its addresses where the director, or its proxies, look for it: the last one of IPv4 and of IPv6. */
  readonly addresses: readonly string[];
  readonly wires: readonly PlannedWire[];
  /** Lines of `ip`, once the wires are there. */
  readonly lines: readonly string[];
}

export interface Wish {
  /** Which box of this machine it is: 1 to 99. */
  readonly number: number;
  readonly mode: ForwardMode;
  readonly http: number;
  readonly https: number;
  readonly ip6: boolean;
  /** Requests of the client. */
  readonly perSecond: number;
  /** 0: clients come to the proxies themselves, which have the virtual addresses in turn. */
  readonly directors: 0 | 1 | 2;
  readonly witness: WitnessKind;
}

export interface Plan extends Wish {
  /** What the names of its namespaces begin with, and the name of the machine's own end of the wire to it. */
  readonly tag: string;
  /** The machine's own addresses on that wire, with their prefix. */
  readonly ownAddresses: readonly string[];
  /** What clients connect to: IPv4, and IPv6 where there is any. */
  readonly virtual: readonly string[];
  /** What proxies send answers to in mode nat: addresses of the network behind, which a director has with the virtual ones. */
  readonly gateways: readonly string[];
  /** Addresses that `fullnat` takes for its own; empty in other modes. */
  readonly sources: readonly string[];
  /** Addresses that nobody answers for: a flood comes from them. */
  readonly nobody: readonly string[];
  readonly nodes: readonly PlannedNode[];
}

const DIRECTORS = ['director1', 'director2'] as const;
export const PROXIES = ['proxy1', 'proxy2'] as const;
const SERVERS = ['ada', 'bela', 'cleo'] as const;

/** Last parts of addresses. */
const AT = {
  client: 1,
  attacker: 2,
  director: 11,
  proxy: 21,
  server: 31,
  witness: 41,
  virtual: 100,
  source: 200,
  own: 254,
};
/** Flows of a flood take ports, 64 000 of each address. */
const SOURCES = 4;
const NOBODY = { first: 150, count: 10 };

/** 198.18.0.0/15 is set aside for test networks (RFC 2544): no LAN has it. The IPv6 prefix is a unique local one (RFC 4193). */
const NETWORKS = {
  front: { ip4: (box: number) => `198.18.${box}`, ip6: (box: number) => `fd6d:6f61:7401:${box}:` },
  lan: { ip4: (box: number) => `198.19.${box}`, ip6: (box: number) => `fd6d:6f61:7402:${box}:` },
  back: { ip4: (box: number) => `198.19.${box + 100}`, ip6: undefined },
  heart: { ip4: (box: number) => `198.18.${box + 100}`, ip6: undefined },
} as const;

export const tagOf = (number: number): string => `moatbox${number}`;

/** The network that the machine itself gets a wire into. */
export const frontNetwork = (number: number): string => `${NETWORKS.front.ip4(number)}.0/24`;

export function planOf(wish: Wish): Plan {
  const { number, ip6 } = wish;
  const mode = wish.directors === 0 ? undefined : wish.mode;
  const at = (segment: Segment, last: number): string[] => {
    const { ip4, ip6: prefix } = NETWORKS[segment];
    return [`${ip4(number)}.${last}`, ...(ip6 && prefix ? [`${prefix(number)}:${last}`] : [])];
  };
  const wire = (name: string, segment: Segment, last: number): PlannedWire => ({
    interface: name,
    segment,
    addresses: at(segment, last).map(withNetwork),
  });
  const isNat = mode === 'nat';
  const virtual = at('front', AT.virtual);
  const sources =
    mode === 'fullnat'
      ? Array.from({ length: SOURCES }, (_, index) => at('front', AT.source + index)).flat()
      : [];
  const behind: Segment = isNat ? 'lan' : 'front';
  const nobody = Array.from({ length: NOBODY.count }, (_, index) => at('front', NOBODY.first + index)[0]!);
  const person = (name: 'client' | 'attacker' | 'witness', lines: readonly string[] = []): PlannedNode => ({
    name,
    role: name,
    addresses: at('front', AT[name]),
    wires: [wire('eth0', 'front', AT[name])],
    lines,
  });
  const director = (name: string, index: number): PlannedNode => ({
    name,
    role: 'director',
    addresses: at('front', AT.director + index),
    wires: [
      wire('eth0', 'front', AT.director + index),
      ...(isNat ? [wire('eth1', 'lan', AT.director + index)] : []),
      ...(wish.directors === 2 ? [wire('heart', 'heart', AT.director + index)] : []),
    ],
    lines: [],
  });
  const gateways = isNat ? at('lan', AT.virtual) : [];
  const proxy = (name: string, index: number): PlannedNode => ({
    name,
    role: 'proxy',
    addresses: at(behind, AT.proxy + index),
    wires: [wire('eth0', behind, AT.proxy + index), wire('eth1', 'back', AT.proxy + index)],
    // Answers of nat go back by the director, which makes them the virtual address's.
    lines: gateways.map(address => `route add default via ${address}`),
  });
  const server = (name: string, index: number): PlannedNode => ({
    name,
    role: 'server',
    addresses: at('back', AT.server + index),
    wires: [wire('eth0', 'back', AT.server + index)],
    lines: [],
  });
  return {
    ...wish,
    tag: tagOf(number),
    ownAddresses: at('front', AT.own).map(withNetwork),
    virtual,
    gateways,
    sources,
    nobody,
    nodes: [
      person('client'),
      ...(wish.witness === 'redis' ? [person('witness')] : []),
      person(
        'attacker',
        nobody.map(address => `address add ${alone(address)} dev eth0`),
      ),
      ...DIRECTORS.slice(0, wish.directors).map(director),
      ...PROXIES.map(proxy),
      ...SERVERS.map(server),
    ],
  };
}

export const isIp6 = (address: string): boolean => address.includes(':');
const withNetwork = (address: string) => `${address}/${isIp6(address) ? 64 : 24}`;
const alone = (address: string) => `${address}/${isIp6(address) ? 128 : 32}`;

/** As it stands in a URL, and before a port. */
export const inUrl = (address: string): string => (isIp6(address) ? `[${address}]` : address);

export const nodesOf = ({ nodes }: Plan, role: Role): PlannedNode[] =>
  nodes.filter(node => node.role === role);
