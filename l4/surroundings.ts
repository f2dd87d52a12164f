/** What of this machine the data plane needs to know: its own addresses, and which interface leads to a real server. */
import { isWithin } from '#kit/address-bytes.ts';
import { type LocalAddress, listAddresses, listLinks } from '#native/netlink.ts';
import { addressBytes, mapped, ownBytes } from './address.ts';
import type { RealTable } from './tables.ts';
import type { Surroundings } from './writer.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

const isLoopback = ({ address }: LocalAddress) => address.length === 4 && address[0] === 127;
const isLinkLocal = ({ address }: LocalAddress) => address.length === 16 && address[0] === 0xfe;

/** A tunnel begins at the address that shares a network with a real server behind one, else at the first that is good for it. */
function tunnelSource(
  bytes: number,
  reals: Iterable<Pick<RealTable, 'mode' | 'address'>>,
  addresses: readonly LocalAddress[],
): Uint8Array {
  const usable = addresses.filter(
    own =>
      own.address.length === bytes && own.prefixBits < bytes * 8 && !isLoopback(own) && !isLinkLocal(own),
  );
  for (const { mode, address } of reals) {
    if (mode !== 'tun') continue;
    const near = usable.find(own => isWithin(ownBytes(addressBytes(address)), own));
    if (near) return near.address;
  }
  return usable[0]?.address ?? new Uint8Array(bytes);
}

export function readSurroundings(reals: Iterable<Pick<RealTable, 'mode' | 'address'>>): Surroundings {
  const addresses = listAddresses();
  const list = [...reals];
  return {
    local: new Set(addresses.map(({ address }) => hex(mapped(address)))),
    tunnelSource4: tunnelSource(4, list, addresses),
    tunnelSource6: mapped(tunnelSource(16, list, addresses)),
  };
}

export interface Neighbour {
  readonly index: number;
  readonly address: Uint8Array;
  readonly name: string;
}

/** The neighbours among the real servers: those that share a network with an interface that is up. */
export function neighboursAmong(reals: Iterable<RealTable>): Neighbour[] {
  const up = new Set(listLinks().flatMap(({ index, up }) => (up ? [index] : [])));
  const addresses = listAddresses().filter(own => up.has(own.index) && !isLoopback(own));
  const found = new Map<string, Neighbour>();
  for (const { address } of reals) {
    const bytes = ownBytes(addressBytes(address));
    const near = addresses.find(own => isWithin(bytes, own));
    const isOwn = addresses.some(own => hex(own.address) === hex(bytes));
    if (near && !isOwn)
      found.set(`${near.index} ${address}`, { index: near.index, address: bytes, name: address });
  }
  return [...found.values()];
}
