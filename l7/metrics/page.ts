/** The page that Prometheus scrapes: all families, of all workers together. */

import { Exposition, type Sample } from '#kit/exposition.ts';
import { VERSION } from '#kit/version.ts';
import type { Tables } from '../tables.ts';
import type { Seat } from '../upstream/pool-views.ts';
import { writeBans } from './bans.ts';
import { writePools } from './pools.ts';
import { writeProcess } from './process.ts';
import { MALFORMED_REASONS } from './reasons.ts';
import { DURATION_BOUNDS, LAG_BOUNDS, SPAN_COUNTS, type Traffic, WAF_ACTIONS } from './traffic.ts';
import { openVerdicts } from './verdicts.ts';

/**
 * @param seat the thread's own
 * @param otherTiers the families of the other tiers; undefined: control does not tell them
 */
export function metricsPage(tables: Tables, seat: Seat, otherTiers: string | undefined): string {
  const page = new Exposition();
  page.gauge('build_info', 'Always 1; the labels tell what runs.', [
    [{ version: VERSION, node: process.versions.node }, 1],
  ]);
  page.gauge('config_revision', 'Number of the configuration, counted from 1 since the start.', [
    [{}, tables.revision],
  ]);
  writeConnections(page, tables.traffic);
  writeRequests(page, tables.traffic);
  writePools(page, tables.pools.snapshots());
  writeLimits(page, tables, seat.slot);
  writeBans(page, tables, seat.owner);
  writeLoops(page, tables.traffic);
  writeProcess(page);
  page.gauge('control_up', 'Whether the control process has told of the other tiers.', [
    [{}, otherTiers === undefined ? 0 : 1],
  ]);
  return page.text() + (otherTiers ?? '');
}

function writeConnections(page: Exposition, traffic: Traffic): void {
  const { active, reading, writing, waiting } = traffic.states();
  page.counter('connections_accepted_total', 'Connections of clients that were accepted.', [
    [{}, traffic.acceptedCount],
  ]);
  page.counter('connections_handled_total', 'Connections of clients that were served.', [
    [{}, traffic.handledCount],
  ]);
  page.gauge('connections_active', 'Open connections of clients.', [[{}, active]]);
  page.gauge('connections', 'Open connections of clients, by what they do.', [
    [{ state: 'reading' }, reading],
    [{ state: 'writing' }, writing],
    [{ state: 'waiting' }, waiting],
  ]);
  page.counter('tls_handshake_failures_total', 'TLS handshakes of clients that came to nothing.', [
    [{}, traffic.failedHandshakeCount],
  ]);
}

function writeRequests(page: Exposition, traffic: Traffic): void {
  page.counter(
    'http_requests_total',
    'Requests that are answered or given up, by the status that the access log tells.',
    traffic
      .answers()
      .map(({ status, method, count }) => [{ code: String(status).padStart(3, '0'), method }, count]),
  );
  page.histogram(
    'http_request_duration_seconds',
    'From the head of the request to the end of its answer.',
    DURATION_BOUNDS,
    traffic.durations(),
  );
  page.gauge('http_requests_in_flight', 'Requests that are not answered yet.', [
    [{}, traffic.states().writing],
  ]);
  const counts = traffic.malformedCounts();
  page.counter(
    'http_requests_malformed_total',
    'Requests that broke the rules of HTTP.',
    MALFORMED_REASONS.map((reason, number) => [{ reason }, counts[number]!]),
  );
  const inspected = traffic.inspectedCounts();
  page.counter(
    'waf_requests_total',
    'Requests that the web application firewall looked at, by what it made of them.',
    WAF_ACTIONS.map((verdict, number) => [{ verdict }, inspected[number]!]),
  );
  const spans = traffic.spanCounts();
  page.counter(
    'otel_spans_total',
    'Spans for the collector of traces: sent, dropped for want of room or refused, failed with their message.',
    SPAN_COUNTS.map((outcome, number) => [{ outcome }, spans[number]!]),
  );
  page.counter('waf_eval_seconds_total', 'Time of the workers that rules of the firewall took.', [
    [{}, traffic.inspectionS],
  ]);
}

function writeLimits(page: Exposition, { model, zones }: Tables, slot: number): void {
  const samples = (kind: 'req' | 'conn' | 'ban'): Sample[] =>
    model.limitZones
      .filter(zone => zone.kind === kind)
      .flatMap(zone =>
        openVerdicts(zones, zone, slot)
          .counts()
          .filter(([verdict]) => hasVerdict(kind, verdict))
          .map(([verdict, count]): Sample => [{ zone: zone.name, verdict }, count]),
      );
  page.counter('limit_req_requests_total', 'What limit_req said, by the zone that decided.', samples('req'));
  page.counter('limit_conn_requests_total', 'What limit_conn said, by zone.', samples('conn'));
  page.counter(
    'limit_ban_requests_total',
    'What limit_ban said of requests, and bans, by zone.',
    samples('ban'),
  );
}

const hasVerdict = (kind: 'req' | 'conn' | 'ban', verdict: string): boolean =>
  verdict.startsWith('delayed') ? kind === 'req' : verdict.startsWith('banned') ? kind === 'ban' : true;

function writeLoops(page: Exposition, traffic: Traffic): void {
  page.histogram(
    'event_loop_lag_seconds',
    'How late timers of the workers were; each looks once a second.',
    LAG_BOUNDS,
    traffic.lags(),
  );
  page.counter('event_loop_active_seconds_total', 'Time that the workers were busy, added up.', [
    [{}, traffic.loopActiveS],
  ]);
}
