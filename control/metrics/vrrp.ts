/** The families of virtual routers. `vrrp_instance`, because `instance` is what Prometheus calls the host that it scrapes. */
import { type ClusterFigures, DROP_REASONS, type InstanceFigures } from '#cluster';
import type { Exposition, Labels, Sample } from '#kit/exposition.ts';
import { writeHeartbeat } from './heartbeat.ts';

const STATES: readonly InstanceFigures['state'][] = ['initialize', 'backup', 'active'];

/** @param figures undefined: there is a cluster block, and its process does not answer */
export function writeVrrp(page: Exposition, figures: ClusterFigures | undefined): void {
  page.gauge('vrrp_up', 'Whether the cluster process answers.', [[{}, figures ? 1 : 0]]);
  if (!figures) return;
  const { instances, maintenance, strangers, realtime } = figures;
  page.gauge('vrrp_maintenance', 'Whether an operator has taken this node out of all elections.', [
    [{}, maintenance ? 1 : 0],
  ]);
  page.gauge('vrrp_realtime', 'Whether the cluster process has its real-time priority.', [
    [{}, realtime === undefined ? 1 : 0],
  ]);
  page.counter('vrrp_stranger_adverts_total', 'Advertisements for virtual routers that no instance has.', [
    [{}, strangers],
  ]);
  writeStates(page, instances);
  writeAdverts(page, instances);
  writeTracks(page, instances);
  if (figures.heartbeat) writeHeartbeat(page, figures.heartbeat);
}

const labelsOf = ({ name, interface: on, vrid }: InstanceFigures): Labels => ({
  ...{ vrrp_instance: name, interface: on, vrid: `${vrid}` },
});

function writeStates(page: Exposition, instances: readonly InstanceFigures[]): void {
  const each = (value: (instance: InstanceFigures) => number): Sample[] =>
    instances.map(instance => [labelsOf(instance), value(instance)]);
  page.gauge(
    'vrrp_state',
    'One series for each state: 1 for the one it is in.',
    instances.flatMap(instance =>
      STATES.map((state): Sample => [{ ...labelsOf(instance), state }, instance.state === state ? 1 : 0]),
    ),
  );
  page.gauge(
    'vrrp_faults',
    'Reasons for which it takes no part.',
    each(({ faults }) => faults.length),
  );
  page.counter(
    'vrrp_pauses_total',
    'Pauses of the process that were longer than others wait.',
    each(({ counts }) => counts.pauses),
  );
  page.gauge(
    'vrrp_priority',
    'Priority as it is configured.',
    each(({ basePriority }) => basePriority),
  );
  page.gauge(
    'vrrp_effective_priority',
    'Priority now, with what tracks add.',
    each(({ priority }) => priority),
  );
  page.counter(
    'vrrp_transitions_total',
    'How often it went into the state.',
    instances.flatMap((instance): Sample[] => [
      [{ ...labelsOf(instance), to: 'active' }, instance.counts.becameActive],
      [{ ...labelsOf(instance), to: 'backup' }, instance.counts.becameBackup],
    ]),
  );
  page.gauge(
    'vrrp_last_transition_timestamp_seconds',
    'When it went into another state last, since 1970.',
    instances.flatMap((instance): Sample[] =>
      instance.transitions.slice(0, 1).map(({ atMs }) => [labelsOf(instance), atMs / 1000]),
    ),
  );
}

function writeAdverts(page: Exposition, instances: readonly InstanceFigures[]): void {
  page.gauge(
    'vrrp_peer_age_seconds',
    'Since another router was last heard.',
    instances.flatMap(instance =>
      instance.peers.map(
        ({ address, ageMs }): Sample => [{ ...labelsOf(instance), peer: address }, ageMs / 1000],
      ),
    ),
  );
  page.counter(
    'vrrp_adverts_total',
    'Advertisements that it sent, and that it received.',
    instances.flatMap((instance): Sample[] => [
      [{ ...labelsOf(instance), direction: 'sent' }, instance.counts.sent],
      [{ ...labelsOf(instance), direction: 'received' }, instance.counts.received],
    ]),
  );
  page.counter(
    'vrrp_advert_errors_total',
    'Advertisements that could not be sent, that were dropped, or that say something else than this node.',
    instances.flatMap((instance): Sample[] =>
      errorsOf(instance).map(([reason, count]) => [{ ...labelsOf(instance), reason }, count]),
    ),
  );
}

function writeTracks(page: Exposition, instances: readonly InstanceFigures[]): void {
  const each = (value: (track: InstanceFigures['tracks'][number]) => number): Sample[] =>
    instances.flatMap(instance =>
      instance.tracks.map((track): Sample => [{ ...labelsOf(instance), track: track.name }, value(track)]),
    );
  page.gauge(
    'vrrp_track_up',
    'Whether what it tracks is well; what is not known yet is not.',
    each(({ ok }) => Number(ok === true)),
  );
  page.gauge(
    'vrrp_track_adds',
    'What it adds to the priority now.',
    each(({ adds }) => adds),
  );
}

const REASONS = Object.keys(DROP_REASONS) as (keyof typeof DROP_REASONS)[];

const errorsOf = ({ counts, drops }: InstanceFigures): (readonly [string, number])[] => [
  ['send', counts.sendFailures],
  ['mismatch', counts.mismatches],
  ...REASONS.map(reason => [reason, drops[reason] ?? 0] as const),
];
