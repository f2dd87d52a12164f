/** The pools that fullnat's flows go out from, as the program takes them. */
import type { SourcePoolModel } from '#model/l4/l4.ts';
import { addressBytes } from './address.ts';
import { endpointsOf } from './endpoints.ts';

/** `values` as `struct pool` has them, and every address of the pool. */
export function poolEntries(pools: readonly SourcePoolModel[]): {
  values: { first: Uint8Array; addresses: number; first_port: number; last_port: number };
  all: string[];
}[] {
  return pools.map(({ first, last, firstPort, lastPort }) => {
    const all = endpointsOf([{ first, last, firstPort: 0, lastPort: 0, protocol: 'tcp' }]).map(
      ({ address }) => address,
    );
    const values = {
      first: addressBytes(first),
      addresses: all.length,
      first_port: firstPort,
      last_port: lastPort,
    };
    return { values, all };
  });
}
