/** GSLB in words: each name with its sites, and what was asked. */
import type { GslbFigures, SiteFigures } from '#gslb';
import { tableOf } from './text.ts';

export function gslbText({ records, queries, replies, drops, truncated }: GslbFigures): string {
  const rows = records.flatMap(({ name, policy, sites }) =>
    sites.map((site, at) => [
      at === 0 ? name : '',
      at === 0 ? policy : '',
      site.name,
      site.address,
      standingOf(site),
      `${site.weight}`,
    ]),
  );
  const table = tableOf(['record', 'policy', 'site', 'address', 'state', 'weight'], rows);
  return `${table}\nqueries   ${countsOf(queries)}\nreplies   ${countsOf(replies)}, come by TCP ${truncated}\ndropped   ${countsOf(drops)}\n`;
}

const standingOf = ({ alive, weight, backup }: SiteFigures): string =>
  `${alive ? (weight > 0 ? 'alive' : 'alive, not told') : 'dead'}${backup ? ', backup' : ''}`;

const countsOf = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([key, count]) => `${key} ${count}`)
    .join(', ');
