/** Whether real servers can be reached in the way of their mode. */
import type { RealServerModel, VirtualServerModel } from '#model/l4/virtual-server.ts';
import type { Finding } from '../host/finding.ts';
import type { Looked, Machine } from './machine.ts';
import { holders, linksNear } from './near.ts';

export function realServerFindings(looked: Looked): Finding[] {
  const servers = looked.l4?.virtualServers ?? [];
  const all = servers.flatMap(server => server.realServers.map(real => ({ server, real })));
  const once = new Map(all.map(one => [`${one.real.mode} ${one.real.address}`, one]));
  return [
    ...once.values().flatMap(({ server, real }) => reach(server, real, looked)),
    ...tunnelRoom(servers, looked.machine),
  ];
}

function reach(server: VirtualServerModel, real: RealServerModel, looked: Looked): Finding[] {
  const { machine, answers } = looked;
  if (holders(real.address, machine.links).length > 0) return []; // it runs here
  const near = linksNear(real.address, machine.links);
  const answer = answers.get(real.address);
  const head = `real server ${real.name} of ${server.name}`;
  if (near.length === 0) return far(head, real, machine);
  if (!answer) return [];
  if (answer.macs.length === 0)
    return [
      {
        level: 'fault',
        what: `${head} does not answer ${real.address.includes(':') ? 'neighbour solicitations' : 'ARP'} on ${answer.link}: what is for it is dropped (no-neighbour)`,
        remedy: 'see whether it is up, in this network, and not filtered',
      },
    ];
  if (answer.macs.length > 1)
    return [
      {
        level: 'fault',
        what: `${head}: its address is answered for by ${answer.macs.join(' and ')}: two hosts have it`,
        remedy: 'give one of them another address',
      },
    ];
  return [{ level: 'fine', what: `${head} is a neighbour on ${answer.link} (${answer.macs[0]})` }];
}

/** Direct routing changes the frame only, so there can be no gateway between. */
function far(head: string, { mode, address }: RealServerModel, { ways }: Machine): Finding[] {
  if (mode === 'dr')
    return [
      {
        level: 'fault',
        what: `${head} is in no network of this host, and mode dr crosses no gateway`,
        remedy: 'give the director an address in its network, or take mode tun or nat',
      },
    ];
  const [way] = ways(address);
  if (!way)
    return [
      {
        level: 'fault',
        what: `${head}: there is no route to it`,
        remedy: `ip route add ${address} via GATEWAY`,
      },
    ];
  return [{ level: 'fine', what: `${head} is reached by ${way.gateway ?? 'the network'} on ${way.link}` }];
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
