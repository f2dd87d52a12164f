/** Packets that the switch of a box drops, by nftables: a wire that is up and carries nothing, one way or both. */
import type { Network } from './net/network.ts';

/** What comes in by one of the ports and would go out by one of the others; undefined: by any. */
export interface Loss {
  readonly from: readonly string[] | undefined;
  readonly to: readonly string[] | undefined;
}

const TABLE = 'bridge drill';

/** One at a time. @returns ends it @throws {Error} with what `nft` said */
export function lose(network: Network, losses: readonly Loss[]): () => void {
  const nft = (line: string) => void network.onSwitch(`nft ${line}`);
  nft(`add table ${TABLE}`);
  nft(`add chain ${TABLE} loss { type filter hook forward priority 0 ; }`);
  for (const { from, to } of losses)
    nft(`add rule ${TABLE} loss${ports('iifname', from)}${ports('oifname', to)} drop`);
  return () => nft(`delete table ${TABLE}`);
}

const ports = (which: string, names: readonly string[] | undefined): string =>
  names ? ` ${which} { ${names.join(', ')} }` : '';
