/** Brings the figures of virtual routers to the page that Prometheus scrapes, which the L7 tier serves. */
import { type ClusterFigures, type ClusterPlane, DROP_REASONS, type InstanceFigures } from '#cluster';
import type { L7Plane, MetricFamily } from '#l7';

const EVERY_MS = 2000;

interface Tiers {
  readonly cluster: ClusterPlane;
  readonly plane: L7Plane;
}

export class ClusterMetrics {
  readonly #tiers: Tiers;
  #timer: NodeJS.Timeout | undefined;

  constructor(tiers: Tiers) {
    this.#tiers = tiers;
  }

  /** Brings them now, and then again and again while there is a cluster block. */
  async follow(): Promise<void> {
    clearTimeout(this.#timer);
    const { cluster, plane } = this.#tiers;
    const isThere = cluster.model !== undefined;
    if (isThere || this.#timer) {
      const figures = await cluster.figures();
      await plane.tellElsewhere(figures ? familiesOf(figures) : []);
    }
    clearTimeout(this.#timer); // another call may have set one meanwhile
    this.#timer = isThere ? setTimeout(() => void this.follow(), EVERY_MS).unref() : undefined;
  }
}

const STATES = ['initialize', 'backup', 'active'] as const;
const labelsOf = ({ name, interface: on, vrid }: InstanceFigures) => ({
  instance: name,
  interface: on,
  vrid: `${vrid}`,
});

function familiesOf({ instances, maintenance, realtime, strangers }: ClusterFigures): MetricFamily[] {
  const gauge = (name: string, help: string, of: (one: InstanceFigures) => number): MetricFamily => ({
    ...{ name: `vrrp_${name}`, help, kind: 'gauge' },
    samples: instances.map(one => [labelsOf(one), of(one)]),
  });
  const counter = (name: string, help: string, of: (one: InstanceFigures) => number): MetricFamily => ({
    ...gauge(`${name}_total`, help, of),
    kind: 'counter',
  });
  return [
    {
      ...{ name: 'vrrp_state', help: '1 for the state that a virtual router is in.', kind: 'gauge' },
      samples: instances.flatMap(one =>
        STATES.map(state => [{ ...labelsOf(one), state }, one.state === state ? 1 : 0] as const),
      ),
    },
    gauge('priority', 'The priority now, with the weights of what is tracked.', one => one.priority),
    gauge('faults', 'Reasons for which a virtual router takes no part.', one => one.faults.length),
    gauge('state_seconds', 'Since it is in its state.', one => one.sinceMs / 1000),
    counter('advertisements_sent', 'Advertisements that were sent.', one => one.counts.sent),
    counter('advertisements_received', 'Advertisements that were taken.', one => one.counts.received),
    counter('send_failures', 'Advertisements that could not be sent.', one => one.counts.sendFailures),
    counter('became_active', 'Times that it became active.', one => one.counts.becameActive),
    counter('mismatches', 'Advertisements of other addresses or intervals.', one => one.counts.mismatches),
    counter('pauses', 'Pauses of the process longer than others wait.', one => one.counts.pauses),
    peerAges(instances),
    drops(instances),
    single('vrrp_maintenance', '1 while this node takes part in no election.', maintenance ? 1 : 0),
    single('vrrp_realtime', '1 when VRRP has its real-time priority.', realtime === undefined ? 1 : 0),
    {
      ...single('vrrp_strangers_total', 'Advertisements of no known virtual router.', strangers),
      kind: 'counter',
    },
  ];
}

const single = (name: string, help: string, value: number): MetricFamily => ({
  ...{ name, help, kind: 'gauge', samples: [[{}, value]] },
});

const peerAges = (instances: readonly InstanceFigures[]): MetricFamily => ({
  ...{ name: 'vrrp_peer_age_seconds', help: 'Since another router was last heard.', kind: 'gauge' },
  samples: instances.flatMap(one =>
    one.peers.map(({ address, ageMs }) => [{ ...labelsOf(one), peer: address }, ageMs / 1000] as const),
  ),
});

const drops = (instances: readonly InstanceFigures[]): MetricFamily => ({
  ...{
    name: 'vrrp_dropped_total',
    help: 'Advertisements that were dropped, by the reason.',
    kind: 'counter',
  },
  samples: instances.flatMap(one =>
    Object.keys(DROP_REASONS).map(
      reason => [{ ...labelsOf(one), reason }, one.drops[reason as keyof typeof DROP_REASONS] ?? 0] as const,
    ),
  ),
});
