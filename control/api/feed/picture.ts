/** What the stream of events shows: the whole program in few numbers, keyed by name, so that changes are small. */
import type { SourceFigures } from '#l7';
import type { StatusReport } from '../../status/report.ts';
import type { Json } from './merge-patch.ts';

export function pictureOf({ revision, refusal, l7, l4, cluster }: StatusReport): Json {
  return {
    revision,
    ...(refusal === undefined ? {} : { refusal }),
    ...(l4 && { l4: { services: byName(l4.services, serviceOf), entries: l4.table.entries } }),
    ...(l7 && { l7: { ...trafficOf(l7), pools: byName(l7.pools, poolOf) } }),
    ...(cluster && {
      cluster: { maintenance: cluster.maintenance, instances: byName(cluster.instances, instanceOf) },
    }),
  };
}

const byName = <T extends { readonly name: string }>(items: readonly T[], show: (item: T) => Json) =>
  Object.fromEntries(items.map(item => [item.name, show(item)]));

type L4 = NonNullable<StatusReport['l4']>['services'][number];

const serviceOf = ({ protocol, scheduler, quorum, reals }: L4): Json => ({
  ...{ protocol, scheduler, quorum },
  reals: byName(reals, ({ address, port, mode, state, weight, active, inactive, connections, command }) => ({
    ...{
      address,
      port,
      mode,
      state,
      weight,
      active,
      inactive,
      connections,
      commanded: command !== undefined,
    },
  })),
});

type L7 = NonNullable<StatusReport['l7']>;

const trafficOf = ({ traffic, workers }: L7) => ({
  workers: workers.length,
  ...(traffic && {
    requests: traffic.requests,
    active: traffic.connections.active,
    answers: [...traffic.answers],
    inspected: [...traffic.inspected],
    durations: [...traffic.durations.buckets],
    durationBounds: [...traffic.durationBounds],
  }),
});

const poolOf = ({ queued, members, removed = [], sources = [] }: L7['pools'][number]): Json => ({
  queued,
  ...(removed.length > 0 && { removed: [...removed] }),
  ...(sources.length > 0 && { sources: sources.map(sourceOf) }),
  members: byName(members, ({ address, backup, weight, state, inFlight, counts, line, command }) => ({
    ...{ address, backup, weight, state, inFlight },
    ...{ commanded: command !== undefined, added: line === undefined },
    ...{ requests: counts.requests, fails: counts.fails },
  })),
});

/** What is wrong is told while it is. */
const sourceOf = ({ source, state, members, error }: SourceFigures): Json => ({
  ...{ source, state, members },
  ...(state !== 'current' && error !== undefined && { error }),
});

type Instance = NonNullable<StatusReport['cluster']>['instances'][number];

const instanceOf = ({ state, priority, yielding, faults }: Instance): Json => ({
  ...{ state, priority, yielding, faults: [...faults] },
});
