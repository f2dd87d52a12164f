/** The pool of a port of a Service: its members are those of its EndpointSlices. */
import type { KubernetesModel, PlannedService } from '#model/l7/kubernetes.ts';
import { KEEPALIVE_DEFAULTS, type PoolModel } from '#model/l7/upstream.ts';

const MOST_MEMBERS = 1000;

/** No upstream block, and no host in a URL, can be called so. */
export const poolNameOf = (key: string, rank: number): string =>
  `kubernetes${rank === 0 ? '' : rank + 1}/${key}`;

export function poolOf(
  { key, namespace, name, port }: PlannedService,
  source: KubernetesModel,
  rank: number,
): PoolModel {
  const { place, tokenPath, caPath, allowsEmpty, allowsLocal } = source;
  const words = [
    `service=${name}`,
    `namespace=${namespace}`,
    ...(port === undefined ? [] : [`port=${port}`]),
  ];
  const inPod = place.url === 'https://kubernetes.default.svc';
  return {
    name: poolNameOf(key, rank),
    members: [],
    discovery: [
      {
        kind: 'kubernetes',
        label: ['kubernetes', ...(inPod ? [] : [place.unixPath ?? place.url]), ...words].join(' '),
        member: {
          ...{ weight: 1, maxFails: 1, failTimeoutMs: 10_000, maxConns: 0, slowStartMs: 0 },
          ...{ backup: false, down: false, drain: false, resolve: false },
          ...{ service: undefined, route: undefined },
        },
        mostMembers: MOST_MEMBERS,
        allowEmpty: allowsEmpty,
        allowLocal: allowsLocal,
        ...{ place, namespace, service: name, port, tokenPath, caPath },
      },
    ],
    balance: { method: 'round-robin', key: undefined, by: 'header', inflight: false },
    ...{ sticky: undefined, stickySecrets: [], keepalive: KEEPALIVE_DEFAULTS, queue: undefined },
    ...{ zone: undefined, statePath: undefined, outlier: undefined },
    ...{ resolver: undefined, resolverTimeoutMs: undefined },
  };
}
