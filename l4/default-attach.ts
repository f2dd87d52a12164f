/** Where the director stands when the configuration does not say it. */
import { isWithin } from '#kit/address-bytes.ts';
import type { AttachModel } from '#model/l4/l4.ts';
import { listAddresses, listLinks } from '#native/netlink.ts';
import { addressBytes, ownBytes } from './address.ts';
import type { L4Tables } from './tables.ts';

/**
 * Interfaces in whose networks real servers are, and those that hold a virtual address.
 *
 * @throws {Error} when there is none
 */
export function defaultAttach({ services }: L4Tables): AttachModel[] {
  const wanted = services.flatMap(({ endpoints, reals }) =>
    [...endpoints, ...reals].map(({ address }) => ownBytes(addressBytes(address))),
  );
  const near = new Set(
    listAddresses()
      .filter(own => wanted.some(address => isWithin(address, own)))
      .map(({ index }) => index),
  );
  const found = listLinks().filter(({ index, name, up }) => up && name !== 'lo' && near.has(index));
  if (found.length === 0 && services.length > 0)
    throw new Error(
      'l4: no interface leads to a real server or holds a virtual address: write attach INTERFACE;',
    );
  return found.map(({ name }) => ({ interface: name, mode: 'auto' }));
}
