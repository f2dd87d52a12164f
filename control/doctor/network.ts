/** Is the network of this host what the configuration takes it for? */
import { IpTable } from '#kit/ip-table.ts';
import type { VirtualServerModel } from '#model/l4/virtual-server.ts';
import type { HostLink } from '../host/facts.ts';
import type { Finding } from '../host/finding.ts';
import type { Looked, Machine } from './machine.ts';

export function networkFindings({ machine, l4 }: Looked): Finding[] {
  const servers = l4?.virtualServers ?? [];
  return [
    ...bridges(machine),
    ...(l4?.attach ?? []).map(({ interface: name }) => attached(name, machine)),
    ...new Map(servers.flatMap(({ addresses }) => addresses.map(({ first }) => [first, first])))
      .keys()
      .map(address => virtualAddress(address, machine)),
    ...servers.flatMap(server => directServers(server, machine)),
    ...tunnelRoom(servers, machine),
  ];
}

/** Frames of a bridge pass through iptables then, which knows nothing of connections that the program carries. */
function bridges({ setting }: Machine): Finding[] {
  if (setting(['net', 'bridge', 'bridge-nf-call-iptables']) !== '1') return [];
  return [
    {
      level: 'warning',
      what: 'frames on bridges pass through iptables, which may drop what the L4 tier forwards',
      remedy: 'sysctl -w net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0',
    },
  ];
}

function attached(name: string, { links, driver }: Machine): Finding {
  const link = links.find(one => one.name === name);
  if (!link)
    return {
      level: 'fault',
      what: `attach ${name}: there is no such interface`,
      remedy: 'ip link shows those that there are',
    };
  if (!link.up)
    return { level: 'fault', what: `attach ${name}: it is down`, remedy: `ip link set ${name} up` };
  const by = driver(name);
  return {
    level: 'fine',
    what: `${name} is up, MTU ${link.mtu}, ${by === undefined ? 'no hardware' : `driver ${by}`}`,
  };
}

const holders = (address: string, links: readonly HostLink[]) =>
  links.filter(({ addresses }) => addresses.includes(address)).map(({ name }) => name);

function virtualAddress(address: string, { links }: Machine): Finding {
  const on = holders(address, links);
  if (on.length === 1) return { level: 'fine', what: `${address} is on ${on[0]}` };
  if (on.length > 1)
    return {
      level: 'warning',
      what: `${address} is on ${on.join(' and ')}`,
      remedy: 'keep it on one of them',
    };
  return {
    level: 'warning',
    what: `${address} is on no interface: nobody in its network finds it here`,
    remedy: `ip address add ${address} dev INTERFACE, or let VRRP hold it, or have it routed to this host`,
  };
}

/** Direct routing changes the frame only, so there can be no gateway between. */
function directServers({ name, realServers }: VirtualServerModel, { links }: Machine): Finding[] {
  const near = IpTable.ofNetworks(
    links
      .filter(({ name }) => name !== 'lo')
      .flatMap(({ networks }) => networks.map(network => ({ network, value: true }))),
  );
  return realServers
    .filter(
      ({ mode, address }) => mode === 'dr' && !near.find(address) && holders(address, links).length === 0,
    )
    .map(real => ({
      level: 'fault',
      what: `real server ${real.name} of ${name} is in no network of this host, and mode dr crosses no gateway`,
      remedy: 'give the director an address in its network, or take mode tun or nat',
    }));
}

/** What a tunnel puts before a packet, in bytes: its own IP header, and with gue those of UDP and GUE. */
const GUE_BYTES = 12;

function tunnelRoom(servers: readonly VirtualServerModel[], { links }: Machine): Finding[] {
  const tunnels = servers.filter(({ realServers }) => realServers.some(({ mode }) => mode === 'tun'));
  if (tunnels.length === 0) return [];
  const wraps = tunnels.flatMap(({ tunnel, realServers }) =>
    realServers.map(
      ({ address }) => (address.includes(':') ? 40 : 20) + (tunnel.kind === 'gue' ? GUE_BYTES : 0),
    ),
  );
  const room = Math.max(...wraps);
  const narrow = links.filter(({ name, up, mtu }) => up && name !== 'lo' && mtu < 1500 + room);
  if (narrow.length === 0) return [{ level: 'fine', what: `whole packets fit into tunnels (${room} bytes)` }];
  return [
    {
      level: 'warning',
      what: `packets of 1500 bytes do not fit into tunnels on ${narrow.map(({ name, mtu }) => `${name} (MTU ${mtu})`).join(', ')}: clients are told to send smaller ones`,
      remedy: `ip link set ${narrow[0]!.name} mtu ${1500 + room}, where the switches allow it`,
    },
  ];
}
