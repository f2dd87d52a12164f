/** Which interfaces are in the network of an address. */
import { IpTable } from '#kit/ip-table.ts';
import type { HostLink } from '../host/facts.ts';

/** Those that hold the address. */
export const holders = (address: string, links: readonly HostLink[]): HostLink[] =>
  links.filter(({ addresses }) => addresses.includes(address));

/** Those with a network around it: an address of its own alone is none. */
export const linksNear = (address: string, links: readonly HostLink[]): HostLink[] =>
  links.filter(({ name, networks }) => {
    const wide = networks.filter(({ bits }) => bits < (address.includes(':') ? 128 : 32));
    const table = IpTable.ofNetworks(wide.map(network => ({ network, value: true })));
    return name !== 'lo' && table.find(address) === true;
  });
