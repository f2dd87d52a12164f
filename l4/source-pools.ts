/** The pools that fullnat's flows go out from, as the program takes them. */
import type { SourcePoolModel } from '#model/l4/l4.ts';
import type { SyncModel } from '#model/l4/sync.ts';
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

/**
 * Of two directors that keep each other's flows each gives out its own half of the ports: what one has given, the other never
 * gives to another flow. Who has the lower address on the first path takes the lower half.
 */
export function sliceOf(
  pools: readonly SourcePoolModel[],
  sync: SyncModel | undefined,
): readonly SourcePoolModel[] {
  const [path] = sync?.paths ?? [];
  if (!path) return pools;
  const isLower = Buffer.compare(addressBytes(path.local), addressBytes(path.peer)) < 0;
  return pools.map(pool => {
    const middle = pool.firstPort + ((pool.lastPort - pool.firstPort + 1) >> 1);
    return isLower ? { ...pool, lastPort: middle - 1 } : { ...pool, firstPort: middle };
  });
}
