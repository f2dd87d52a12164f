/** The families of pools and their members. */

import type { Exposition, Sample } from '#kit/exposition.ts';
import type { MemberSnapshot, MemberState, PoolSnapshot } from '../upstream/pool-snapshot.ts';

const STATES: readonly MemberState[] = [
  'up',
  'down',
  'drain',
  'unhealthy',
  'checking',
  'ejected',
  'unavailable',
];
const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

interface Row {
  readonly labels: { readonly pool: string; readonly member: string };
  readonly member: MemberSnapshot;
}

export function writePools(page: Exposition, pools: readonly PoolSnapshot[]): void {
  const rows = pools.flatMap(rowsOf);
  const each = (value: (member: MemberSnapshot) => number): Sample[] =>
    rows.map(({ labels, member }) => [labels, value(member)]);
  page.gauge(
    'upstream_queue_length',
    'Requests that wait for a member of the pool.',
    pools.map(({ name, queued }) => [{ pool: name }, queued]),
  );
  page.counter(
    'upstream_requests_total',
    'Requests that were passed to the member.',
    each(member => member.counts.requests),
  );
  page.counter('upstream_responses_total', 'Answers of the member, by class of status.', responses(rows));
  page.counter(
    'upstream_fails_total',
    'Attempts that the member failed.',
    each(member => member.counts.fails),
  );
  page.counter(
    'upstream_connections_total',
    'Connections that were opened to the member.',
    each(member => member.counts.connections),
  );
  page.counter('upstream_bytes_total', 'Bytes, from the member and to it.', bytes(rows));
  page.gauge(
    'upstream_requests_in_flight',
    'Requests that the member works on.',
    each(member => member.inFlight),
  );
  page.gauge(
    'upstream_member_up',
    'Whether the member gets requests.',
    each(member => (member.state === 'up' ? 1 : 0)),
  );
  page.gauge('upstream_member_state', 'One series for each state: 1 for the one it is in.', states(rows));
  page.gauge(
    'upstream_member_weight',
    'Weight of the member.',
    each(member => member.weight),
  );
  page.gauge(
    'upstream_member_fails',
    'Failures of the member that max_fails counts at the moment.',
    each(member => member.failsNow),
  );
  writeTimes(page, rows);
}

/** An average that is not known is not told. */
function writeTimes(page: Exposition, rows: readonly Row[]): void {
  const known = (valueMs: (member: MemberSnapshot) => number): Sample[] =>
    rows
      .filter(({ member }) => valueMs(member) > 0)
      .map(({ labels, member }) => [labels, valueMs(member) / 1000]);
  page.gauge(
    'upstream_header_time_average_seconds',
    'Moving average of the time to the head of an answer.',
    known(member => member.headerMs),
  );
  page.gauge(
    'upstream_response_time_average_seconds',
    'Moving average of the time to the end of an answer.',
    known(member => member.responseMs),
  );
}

function responses(rows: readonly Row[]): Sample[] {
  return rows.flatMap(({ labels, member }) =>
    CLASSES.map((code): Sample => [{ ...labels, code }, member.counts[`responses${code}`]]),
  );
}

function bytes(rows: readonly Row[]): Sample[] {
  return rows.flatMap(({ labels, member: { counts } }): Sample[] => [
    [{ ...labels, direction: 'received' }, counts.bytesReceived],
    [{ ...labels, direction: 'sent' }, counts.bytesSent],
  ]);
}

function states(rows: readonly Row[]): Sample[] {
  return rows.flatMap(({ labels, member }) =>
    STATES.map((state): Sample => [{ ...labels, state }, member.state === state ? 1 : 0]),
  );
}

/** A name that stands for several addresses is told apart by them, and what is listed twice by numbers. */
function rowsOf({ name: pool, members }: PoolSnapshot): Row[] {
  const names = new Map<string, number>();
  for (const { name } of members) names.set(name, (names.get(name) ?? 0) + 1);
  const taken = new Set<string>();
  return members.map(member => {
    const base = names.get(member.name) === 1 ? member.name : member.address;
    let label = base;
    for (let number = 2; taken.has(label); number++) label = `${base}#${number}`;
    taken.add(label);
    return { labels: { pool, member: label }, member };
  });
}
