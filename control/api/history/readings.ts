/** A report of the running program as values by name, of which the history is made and alerts are raised. */
import { quantile } from '../../status/quantile.ts';
import type { StatusReport } from '../../status/report.ts';
import { growth, perSecond, type Sample } from '../../status/sample.ts';

/** Of pools, virtual servers and virtual routers each: the first ones have curves of their own. */
const MOST_OF_KIND = 32;
const QUANTILES = [0.5, 0.95, 0.99];
const CLASSES = [2, 3, 4, 5];

type Values = Map<string, number>;

/** Adds what is known. @param before the look before; undefined: rates are not known yet */
export function readInto(values: Values, now: Sample, before: Sample | undefined): void {
  const { report } = now;
  values.set('config_revision', report.revision);
  values.set('config_reload_failed', report.refusal === undefined ? 0 : 1);
  const { canary } = report;
  const isWorse = canary?.outcome === 'worse' && canary.revision === report.revision;
  values.set('config_canary_worse', isWorse ? 1 : 0);
  values.set('l7_up', report.l7 ? 1 : 0);
  if (report.certificates) {
    values.set('certificates_expiring', report.certificates.expiring);
    values.set('acme_failing', report.certificates.failing);
    values.set('acme_stand_ins', report.certificates.standIns);
  }
  if (report.l7) addL7(values, report.l7, now, before);
  if (report.l4) addL4(values, report.l4, now, before);
  if (report.cluster) addCluster(values, report.cluster);
}

/** As labels of Prometheus have it. */
const label = (name: string, value: string): string =>
  `{${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').slice(0, 200)}"}`;

type L7 = NonNullable<StatusReport['l7']>;

function addL7(values: Values, l7: L7, now: Sample, before: Sample | undefined): void {
  values.set('l7_memory_bytes', l7.memoryBytes);
  values.set('l7_workers', l7.workers.length);
  const { traffic } = l7;
  if (traffic) values.set('http_connections_active', traffic.connections.active);
  if (traffic && before?.report.l7) addTraffic(values, traffic, now, before);
  let [down, without] = [0, 0];
  l7.pools.forEach(({ name, queued, members }, at) => {
    const up = members.filter(({ state }) => state === 'up' || state === 'drain').length;
    const wanted = members.filter(({ state }) => state !== 'down').length;
    down += wanted - up;
    if (wanted > 0 && up === 0) without++;
    if (at >= MOST_OF_KIND) return;
    const pool = label('pool', name);
    values.set(`pool_members_up${pool}`, up);
    values.set(`pool_queue_length${pool}`, queued);
  });
  values.set('pools_down', without);
  values.set('pool_members_down', down);
}

function addTraffic(values: Values, traffic: NonNullable<L7['traffic']>, now: Sample, before: Sample): void {
  const of = (count: (told: typeof traffic) => number) => (sample: Sample) =>
    sample.report.l7?.traffic ? count(sample.report.l7.traffic) : 0;
  const rate = (count: (told: typeof traffic) => number) => perSecond(of(count), now, before);
  const requests = rate(told => told.requests);
  values.set('http_requests_per_second', requests);
  values.set(
    'http_accepted_per_second',
    rate(told => told.accepted),
  );
  for (const digit of CLASSES)
    values.set(
      `http_responses_per_second{class="${digit}xx"}`,
      rate(told => told.answers[digit] ?? 0),
    );
  const answers = rate(told => told.answers.reduce((sum, count) => sum + count, 0));
  const failed = values.get('http_responses_per_second{class="5xx"}') ?? 0;
  values.set('http_5xx_ratio', answers > 0 ? failed / answers : 0);
  values.set(
    'waf_blocked_per_second',
    rate(told => told.inspected[2] ?? 0),
  );
  const grown = (count: (told: typeof traffic) => number) => growth(of(count), now, before).grown;
  const count = grown(told => told.durations.count);
  if (count === 0) return;
  values.set('http_duration_mean_seconds', grown(told => told.durations.sum) / count);
  const buckets = traffic.durations.buckets.map((_, at) => grown(told => told.durations.buckets[at] ?? 0));
  for (const share of QUANTILES)
    values.set(
      `http_duration_seconds{quantile="${share}"}`,
      quantile(buckets, traffic.durationBounds, share * count),
    );
}

type L4 = NonNullable<StatusReport['l4']>;

function addL4(
  values: Values,
  { table, services, lease }: L4,
  now: Sample,
  before: Sample | undefined,
): void {
  if (table.room > 0) values.set('l4_flow_table_used_ratio', table.entries / table.room);
  if (lease) values.set('l4_lease_left_seconds', lease.leftMs / 1000);
  values.set('l4_services_without_quorum', services.filter(({ quorum }) => !quorum).length);
  values.set(
    'l4_reals_down',
    services.flatMap(({ reals }) => reals).filter(({ state }) => state === 'dead').length,
  );
  const earlier = new Map(before?.report.l4?.services.map(service => [service.name, service]));
  for (const { name, reals } of services.slice(0, MOST_OF_KIND)) {
    const service = label('service', name);
    values.set(
      `l4_flows_active${service}`,
      reals.reduce((sum, { active }) => sum + active, 0),
    );
    const was = earlier.get(name)?.reals;
    const seconds = before ? (now.atMs - before.atMs) / 1000 : 0;
    if (!was || seconds <= 0) continue;
    const total = (all: typeof reals) => all.reduce((sum, { connections }) => sum + connections, 0);
    values.set(`l4_connections_per_second${service}`, Math.max(0, total(reals) - total(was)) / seconds);
  }
}

type Cluster = NonNullable<StatusReport['cluster']>;

function addCluster(values: Values, { instances, maintenance }: Cluster): void {
  values.set('cluster_maintenance', maintenance ? 1 : 0);
  for (const { name, state, priority, faults } of instances.slice(0, MOST_OF_KIND)) {
    const instance = label('instance', name);
    values.set(`vrrp_active${instance}`, state === 'active' ? 1 : 0);
    values.set(`vrrp_priority${instance}`, priority);
    values.set(`vrrp_faults${instance}`, faults.length);
  }
}
