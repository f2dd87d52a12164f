/** A small network on this machine: hosts are network namespaces, wires are veth pairs into a bridge. */
import { existsSync } from 'node:fs';
import type { Host } from './host.ts';

export type Wire = { addresses?: readonly string[]; mtu?: number; mac?: string };

/** Nobody waits a second for duplicate address detection, and no router is asked for. */
const QUIET = {
  accept_dad: 0,
  accept_ra: 0,
  router_solicitations: 0,
  mldv2_unsolicited_report_interval: 0,
} as const;

export const hasIp6 = (): boolean => existsSync('/proc/net/if_inet6');

/** All hosts, and the switch between them. `H` is what a host is made as. */
export class Network<H extends Host = Host> {
  readonly #tag: string;
  readonly #make: (name: string, namespace: string) => H;
  readonly #hosts: H[] = [];
  readonly #switch: H;
  #wires = 0;

  /** @param tag what the names of all its namespaces begin with */
  constructor(tag: string, make: (name: string, namespace: string) => H) {
    this.#tag = tag;
    this.#make = make;
    this.#switch = this.host('switch');
  }

  /** @param name at most a few letters, without '-' */
  host(name: string): H {
    const host = this.#make(name, `${this.#tag}-${name}`);
    this.#hosts.push(host);
    return host;
  }

  /** A network of its own: an Ethernet switch that hosts are wired to. */
  network(name: string, mtu = 1500): string {
    this.#switch.ip(`link add ${name} mtu ${mtu} type bridge forward_delay 0`, `link set ${name} up`);
    return name;
  }

  /** Wires a host to a network by an interface. @returns the name of the switch's end */
  wire(
    host: Host,
    interfaceName: string,
    network: string,
    { addresses = [], mtu = 1500, mac }: Wire = {},
  ): string {
    const port = this.#plug(interfaceName, network, host.namespace, mtu);
    const settings = Object.entries(QUIET).map(([name, value]) => [
      `net/ipv6/conf/${interfaceName}/${name}`,
      value,
    ]);
    host.set(Object.fromEntries(settings));
    host.ip(
      ...(mac ? [`link set ${interfaceName} address ${mac}`] : []),
      `link set ${interfaceName} up`,
      ...addresses.map(address => `address add ${address} dev ${interfaceName}`),
    );
    return port;
  }

  /** A wire out of the network, to the machine itself. @param pid of a process that sees the machine's interfaces */
  wireOut(interfaceName: string, network: string, pid = process.pid): string {
    return this.#plug(interfaceName, network, String(pid), 1500);
  }

  #plug(interfaceName: string, network: string, where: string, mtu: number): string {
    const port = `p${++this.#wires}`;
    this.#switch.ip(
      `link add ${port} mtu ${mtu} type veth peer name ${interfaceName} mtu ${mtu} netns ${where}`,
      `link set ${port} master ${network} up`,
    );
    return port;
  }

  /** Runs a command line where the switch's ends of the wires are. */
  onSwitch(line: string): string {
    return this.#switch.do(line);
  }

  /** The words that run a command where the switch is. */
  get switchHost(): H {
    return this.#switch;
  }

  close(): void {
    for (const host of this.#hosts.splice(0).reverse()) host.close();
  }
}
