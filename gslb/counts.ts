/** Counts what came in and what became of it. */
import { GSLB_DROPS, type GslbCounts, type GslbDrop } from './figures.ts';
import { RCODES, type Rcode } from './wire/code.ts';

const zeros = <K extends string>(keys: readonly K[]): Record<K, number> =>
  Object.fromEntries(keys.map(key => [key, 0])) as Record<K, number>;

export class Counts {
  readonly queries = zeros(['udp', 'tcp']);
  readonly replies = zeros<Rcode>(RCODES);
  readonly drops = zeros<GslbDrop>(GSLB_DROPS);
  truncated = 0;
  connections = 0;

  figures(): GslbCounts {
    const { queries, replies, drops, truncated, connections } = this;
    return { queries: { ...queries }, replies: { ...replies }, drops: { ...drops }, truncated, connections };
  }
}
