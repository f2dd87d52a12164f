/** Looks whether this host is a sound real server. */
import { type HostLink, hostLinks, isIp4, strongest } from '../host/facts.ts';
import type { Finding } from '../host/finding.ts';
import { defaultWays } from '../host/ways.ts';
import type { JoinRecord } from './record.ts';
import { reviewNat } from './review-nat.ts';
import { reviewTunnel } from './review-tunnel.ts';

/** Of what has joined, or is about to. */
export function reviewRealServer(record: JoinRecord): Finding[] {
  return [
    ...(record.addresses.length > 0 ? reviewAddresses(record.addresses) : []),
    ...(record.tunnel ? reviewTunnel(record.tunnel, record.addresses) : []),
    ...(record.nat ? reviewNat(record.nat) : []),
  ];
}

function reviewAddresses(addresses: readonly string[]): Finding[] {
  const links = hostLinks();
  const hasIp4 = addresses.some(isIp4);
  const outer = links.filter(({ name, up }) => name !== 'lo' && up);
  return [
    ...addresses.map(address => placeOf(address, links)),
    ...(hasIp4 ? outer.flatMap(link => [ignore(link), announce(link)]) : []),
    ...(hasIp4 ? outer.flatMap(returnPath) : []),
  ];
}

function placeOf(address: string, links: readonly HostLink[]): Finding {
  const holders = links.filter(({ addresses }) => addresses.includes(address)).map(({ name }) => name);
  const loud = holders.find(name => name !== 'lo');
  if (loud !== undefined)
    return {
      level: 'fault',
      what: `${address} is on ${loud}: this host answers for it in the director's place`,
      remedy: `ip address del ${address} dev ${loud}`,
    };
  if (holders.length === 0)
    return {
      level: 'fault',
      what: `${address} is on no interface: what the director sends for it is dropped`,
      remedy: `moat real-server join ${address}`,
    };
  return { level: 'fine', what: `${address} is on lo` };
}

function ignore({ name }: HostLink): Finding {
  const value = strongest('arp_ignore', name);
  if (value === 1 || value === 2 || value === 8)
    return { level: 'fine', what: `${name} answers for its own addresses only (arp_ignore ${value})` };
  return {
    level: 'fault',
    what: `${name} answers ARP for addresses on lo (arp_ignore ${value}): clients reach this host past the director`,
    remedy: 'sysctl -w net.ipv4.conf.all.arp_ignore=1',
  };
}

function announce({ name }: HostLink): Finding {
  const value = strongest('arp_announce', name);
  if (value === 2)
    return { level: 'fine', what: `${name} asks with its own addresses only (arp_announce 2)` };
  return {
    level: 'fault',
    what: `${name} may ask ARP with a virtual address (arp_announce ${value}), which draws its packets here`,
    remedy: 'sysctl -w net.ipv4.conf.all.arp_announce=2',
  };
}

/** Strict: packets are dropped that come in where answers to their sender would not go out. */
function returnPath({ name }: HostLink): Finding[] {
  const routes = new Set(defaultWays(4).map(({ link }) => link));
  if (strongest('rp_filter', name) !== 1 || routes.size === 0 || routes.has(name)) return [];
  return [
    {
      level: 'warning',
      what: `${name} drops packets of clients whose answers go out elsewhere (rp_filter 1), and the default route is on ${[...routes].join(', ')}`,
      remedy: `sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.${name}.rp_filter=2`,
    },
  ];
}
