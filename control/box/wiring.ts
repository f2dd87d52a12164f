/** Makes of a plan its hosts, networks, wires and addresses, and the machine's own wire to them. */
import { join } from 'node:path';
import { command } from './net/command.ts';
import { Host } from './net/host.ts';
import { Network } from './net/network.ts';
import { Node } from './node.ts';
import { isIp6, type Plan } from './plan.ts';

/** Who asks for one of the host's addresses gets no answer. */
const NEVER_ANSWERS = { 'net/ipv4/conf/all/arp_ignore': 8 } as const;

export interface Wired {
  readonly network: Network;
  readonly nodes: readonly Node[];
  /** The switch's ends of the nodes' wires, by the nodes' names. */
  readonly ports: ReadonlyMap<string, readonly string[]>;
}

/** @param dir where each node gets a folder */
export function wire(plan: Plan, dir: string): Wired {
  const network = new Network(plan.tag, (name, namespace) => new Host(name, namespace));
  const segments = new Set(plan.nodes.flatMap(({ wires }) => wires.map(({ segment }) => segment)));
  for (const segment of segments) network.network(segment);
  const ports = new Map<string, readonly string[]>();
  const nodes = plan.nodes.map(planned => {
    const host = network.host(planned.name);
    const ends = planned.wires.map(({ interface: name, segment, addresses }) =>
      network.wire(host, name, segment, { addresses: addresses.map(withoutWait) }),
    );
    ports.set(planned.name, ends);
    host.ip(...planned.lines);
    return new Node(planned, host, join(dir, planned.name));
  });
  for (const { host, plan: planned } of nodes) if (planned.role === 'attacker') host.set(NEVER_ANSWERS);
  reach(plan, network);
  return { network, nodes, ports };
}

const withoutWait = (address: string) => (isIp6(address) ? `${address} nodad` : address);

/** The machine's own wire into the box. */
function reach({ tag, ownAddresses }: Plan, network: Network): void {
  network.wireOut(tag, 'front');
  command(['ip', 'link', 'set', tag, 'up']);
  for (const address of ownAddresses) {
    try {
      command(['ip', 'address', 'add', address, 'dev', tag, ...(isIp6(address) ? ['nodad'] : [])]);
    } catch (fault) {
      if (!isIp6(address)) throw fault; // a machine that has IPv6 switched off reaches the box by IPv4 alone
    }
  }
}
