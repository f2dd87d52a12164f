/** Where the virtual addresses are: on this host, on others, on both, nowhere. */
import { isIp4, strongest } from '../host/facts.ts';
import type { Finding } from '../host/finding.ts';
import type { Looked, Machine } from './machine.ts';
import { holders } from './near.ts';

type Router = Looked['routers'][number];

export function addressFindings(looked: Looked): Finding[] {
  const { l4 } = looked;
  const addresses = (l4?.virtualServers ?? []).flatMap(server => server.addresses.map(({ first }) => first));
  return [
    ...[...new Set(addresses)].map(address => virtualAddress(address, looked)),
    ...(l4?.sourcePools ?? []).flatMap(({ first, last }) =>
      [...new Set([first, last])].flatMap(address => poolAddress(address, looked.machine)),
    ),
  ];
}

function virtualAddress(address: string, looked: Looked): Finding {
  const on = holders(address, looked.machine.links).map(({ name }) => name);
  const others = looked.answers.get(address)?.macs ?? [];
  const outer = on.filter(name => name !== 'lo');
  if (others.length > 1 || (others.length === 1 && outer.length > 0))
    return doubled(address, outer, others, looked);
  if (on.length > 1)
    return {
      level: 'warning',
      what: `${address} is on ${on.join(' and ')}`,
      remedy: 'keep it on one of them',
    };
  if (outer.length === 1) return onOne(address, outer[0]!, looked.machine);
  if (others.length === 1)
    return {
      level: 'fine',
      what: `${address} is held by another host, ${nameOf(address, others[0]!, looked)}, as on a backup`,
    };
  const router = routerOf(address, looked);
  if (on.length === 0 && router)
    return { level: 'fine', what: `${address} is on no interface now, and ${placeOf(address, router)}` };
  if (on.length === 1 && router?.election === false)
    return { level: 'fine', what: `${address} is on lo, where it is routed to by whom it is announced to` };
  if (on.length === 1) return onLoopback(address, looked.machine);
  return {
    level: 'warning',
    what: `${address} is on no interface: nobody in its network finds it here`,
    remedy: `ip address add ${address} dev INTERFACE, or let VRRP hold it, or have it routed to this host`,
  };
}

const routerOf = (address: string, { routers }: Looked): Router | undefined =>
  routers.find(({ addresses }) => addresses.some(one => one.address === address));

/** Whether it comes is for moat to say, which knows what it hangs on. */
function placeOf(address: string, { name, election, interface: by, addresses }: Router): string {
  const on = addresses.find(one => one.address === address)?.interface ?? by;
  const when = election ? 'when it is elected' : 'when moat runs and it has no fault';
  return `vrrp_instance ${name} puts it on ${on} ${when}`;
}

function doubled(address: string, on: readonly string[], others: readonly string[], looked: Looked): Finding {
  const here = on.length > 0 ? `is on ${on.join(' and ')} here, and ` : '';
  const names = others.map(mac => nameOf(address, mac, looked));
  const real = realServerOf(address, others[0]!, looked);
  return {
    level: 'fault',
    what: `${address} ${here}is answered for by ${names.join(' and ')}: clients go to one or the other`,
    remedy:
      real === undefined
        ? 'take it off there, or end the second master'
        : `at ${real}: moat real-server join ${address}`,
  };
}

/** Link addresses of real servers are known: they were asked for, too. */
function realServerOf(address: string, mac: string, { l4, answers }: Looked): string | undefined {
  const reals = (l4?.virtualServers ?? []).flatMap(({ realServers }) => realServers);
  const found = reals.filter(real => answers.get(real.address)?.macs.includes(mac));
  return (found.find(real => isIp4(real.address) === isIp4(address)) ?? found[0])?.name;
}

function nameOf(address: string, mac: string, looked: Looked): string {
  const real = realServerOf(address, mac, looked);
  return real === undefined ? mac : `the real server ${real} (${mac})`;
}

/** 8: it answers for no address at all. */
function onOne(address: string, link: string, machine: Machine): Finding {
  if (!address.includes(':') && strongest('arp_ignore', link, machine.setting) === 8)
    return {
      level: 'fault',
      what: `${address} is on ${link}, which answers ARP for nothing (arp_ignore 8)`,
      remedy: `sysctl -w net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.${link}.arp_ignore=0`,
    };
  return { level: 'fine', what: `${address} is on ${link}` };
}

/** There it is answered for by all interfaces, unless this host was made a real server; over IPv6 by none. */
function onLoopback(address: string, machine: Machine): Finding {
  const outer = machine.links.filter(({ name, up }) => name !== 'lo' && up);
  const isSilent =
    address.includes(':') || outer.every(({ name }) => strongest('arp_ignore', name, machine.setting) > 0);
  if (!isSilent) return { level: 'fine', what: `${address} is on lo, and answered for by all interfaces` };
  return {
    level: 'warning',
    what: `${address} is on lo alone, where this host does not answer for it${address.includes(':') ? '' : ' (arp_ignore)'}: it must be routed here`,
    remedy: `ip address add ${address} dev INTERFACE, or let VRRP hold it`,
  };
}

/** Replies come to them. */
function poolAddress(address: string, { links }: Machine): Finding[] {
  if (holders(address, links).length > 0) return [];
  return [
    {
      level: 'fault',
      what: `${address} of source_pool is on no interface: answers to flows of fullnat find no way back`,
      remedy: `ip address add ${address} dev INTERFACE, or have it routed to this host`,
    },
  ];
}
