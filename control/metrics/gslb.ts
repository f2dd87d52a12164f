/** The families of GSLB: what was asked and answered, and how the sites are. */
import type { GslbFigures } from '#gslb';
import type { Exposition, Sample } from '#kit/exposition.ts';

/** @param figures undefined: there is a gslb block, and its process does not answer */
export function writeGslb(page: Exposition, figures: GslbFigures | undefined): void {
  page.gauge('gslb_up', 'Whether the GSLB process answers.', [[{}, figures ? 1 : 0]]);
  if (!figures) return;
  const { queries, replies, drops, truncated, connections } = figures;
  const each = (label: string, counts: Readonly<Record<string, number>>): Sample[] =>
    Object.entries(counts).map(([key, count]) => [{ [label]: key }, count]);
  page.counter('gslb_queries_total', 'Queries of DNS that came in.', each('protocol', queries));
  page.counter('gslb_replies_total', 'What they were answered.', each('rcode', replies));
  page.counter('gslb_drops_total', 'What had no answer, by why.', each('reason', drops));
  page.counter('gslb_truncated_total', 'Answers that said "come by TCP".', [[{}, truncated]]);
  page.gauge('gslb_connections', 'Connections by TCP that are open.', [[{}, connections]]);
  writeSites(page, figures);
}

function writeSites(page: Exposition, { records }: GslbFigures): void {
  const sites = records.flatMap(record =>
    record.sites.map(site => ({
      ...site,
      labels: { record: record.name, site: site.name, address: site.address },
    })),
  );
  page.gauge(
    'gslb_site_up',
    'Whether the address passes its health checks.',
    sites.map(({ labels, alive }) => [labels, alive ? 1 : 0]),
  );
  page.gauge(
    'gslb_site_weight',
    'Its weight now.',
    sites.map(({ labels, weight }) => [labels, weight]),
  );
  page.counter(
    'gslb_check_failures_total',
    'Health checks that it failed, since the GSLB process watches it.',
    sites.map(({ labels, failedChecks }) => [labels, failedChecks]),
  );
}
