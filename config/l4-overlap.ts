/** Finds virtual servers that claim the same address, port and protocol. */
import { IpReader } from '#kit/ip.ts';
import type { Faults } from './diagnostic.ts';
import type { VirtualAddressDraft, VirtualServerDraft } from './draft-l4.ts';

interface Claim {
  readonly address: VirtualAddressDraft;
  readonly from: string;
  readonly to: string;
}

/** Tells each claim that a virtual server above it, or its own line, has made already. */
export function refuseOverlaps(servers: readonly VirtualServerDraft[], faults: Faults): void {
  const groups = Map.groupBy(servers.flatMap(claimsOf), ({ key }) => key);
  for (const group of groups.values()) {
    const rising = group.map(({ claim }) => claim).sort((a, b) => (a.from < b.from ? -1 : 1));
    rising.forEach((claim, at) => {
      for (let next = at + 1; next < rising.length && rising[next]!.from <= claim.to; next++)
        if (portsMeet(claim.address, rising[next]!.address))
          refuse(claim.address, rising[next]!.address, faults);
    });
  }
}

function claimsOf({ addresses }: VirtualServerDraft): { key: string; claim: Claim }[] {
  return addresses.map(address => ({
    key: `${address.protocol} ${address.family}`,
    claim: { address, from: sortable(address.first), to: sortable(address.last) },
  }));
}

/** The bytes of an address: texts that sort as addresses of one family do. */
function sortable(address: string): string {
  const reader = new IpReader();
  reader.read(address);
  return reader.bytes();
}

/** Port * leaves to others what they name, so it meets only itself. */
function portsMeet(a: VirtualAddressDraft, b: VirtualAddressDraft): boolean {
  if (a.firstPort === 0 || b.firstPort === 0) return a.firstPort === b.firstPort;
  return a.firstPort <= b.lastPort && b.firstPort <= a.lastPort;
}

function refuse(a: VirtualAddressDraft, b: VirtualAddressDraft, faults: Faults): void {
  const [first, second] = isAbove(b, a) ? [b, a] : [a, b];
  faults.error(
    'duplicate',
    `virtual_server: the address is taken ${whereOf(first, second)}`,
    second.place,
    'put the real servers into one block, or take another port',
  );
}

const isAbove = (a: VirtualAddressDraft, b: VirtualAddressDraft): boolean =>
  a.place.line < b.place.line || (a.place.line === b.place.line && a.place.column < b.place.column);

const whereOf = (first: VirtualAddressDraft, second: VirtualAddressDraft): string =>
  first.place.file === second.place.file
    ? `on line ${first.place.line}`
    : `in ${first.place.file} on line ${first.place.line}`;
