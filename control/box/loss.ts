/** Packets that the switch of a box drops, by nftables: a wire that is up and carries nothing, one way or both. */
import { command } from './net/command.ts';
import type { Network } from './net/network.ts';

/** What comes in by one of the ports and would go out by one of the others; undefined: by any. */
export interface Loss {
  readonly from: readonly string[] | undefined;
  readonly to: readonly string[] | undefined;
}

const TABLE = 'bridge drill';

/** One at a time, and all at once. @returns ends it @throws {Error} with what `nft` said */
export function lose(network: Network, losses: readonly Loss[]): () => void {
  const nft = (text: string) => void command(network.switchHost.inside('nft', '-f', '-'), text);
  const rules = losses.map(({ from, to }) => `${ports('iifname', from)} ${ports('oifname', to)} drop\n`);
  nft(`table ${TABLE} {\nchain loss {\ntype filter hook forward priority 0;\n${rules.join('')}}\n}\n`);
  return () => nft(`delete table ${TABLE}\n`);
}

const ports = (which: string, names: readonly string[] | undefined): string =>
  names ? `${which} { ${names.join(', ')} }` : '';
