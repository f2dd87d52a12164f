/** The heartbeat block to its frozen model. */
import { hostname } from 'node:os';
import type { HeartbeatModel } from '#model/cluster/heartbeat.ts';
import type { VrrpInstanceModel } from '#model/cluster/vrrp.ts';
import { refuseTwinPaths } from './cluster-path.ts';
import type { Faults } from './diagnostic.ts';
import type { HeartbeatDraft } from './draft-heartbeat.ts';

const PORT = 8474;
const MOST_STANDARD_MS = 1000;
const BEATS = 3;

export function resolveHeartbeat(
  draft: HeartbeatDraft,
  instances: readonly VrrpInstanceModel[],
  faults: Faults,
): HeartbeatModel {
  const { own, site } = draft;
  if (own.key === undefined)
    faults.error(
      'incomplete',
      'heartbeat has no key',
      site,
      'add a line: key file:PATH, with the same key on both nodes',
    );
  refusePaths(draft, instances, faults);
  const intervalMs =
    own.intervalMs ?? Math.min(MOST_STANDARD_MS, ...instances.map(({ advertMs }) => advertMs));
  const timeoutMs = own.timeoutMs ?? BEATS * intervalMs;
  if (timeoutMs < 2 * intervalMs)
    faults.error(
      'value',
      `silent_after: ${timeoutMs} ms are less than two intervals of ${intervalMs} ms`,
      site,
      'one lost packet would end it: take three intervals or more',
    );
  return {
    ...{ node: hostname(), key: '', port: PORT, witness: undefined },
    ...{ preemptOtherRevision: false, ...own, intervalMs, timeoutMs },
    paths: draft.paths.map(({ local, peer }) => ({ local, peer })),
  };
}

function refusePaths(
  { paths, site }: HeartbeatDraft,
  instances: readonly VrrpInstanceModel[],
  faults: Faults,
): void {
  if (paths.length === 0)
    faults.error(
      'incomplete',
      'heartbeat has no path',
      site,
      'add lines: path OWN_ADDRESS ADDRESS_OF_THE_OTHER',
    );
  if (paths.length === 1)
    faults.warn(
      'no-effect',
      'heartbeat: with one path a cut cable looks like a dead node',
      paths[0]!.place,
      'add a second one, by another cable',
    );
  refuseTwinPaths(paths, faults);
  for (const { local, place } of paths)
    if (instances.some(({ addresses }) => addresses.some(({ address }) => address === local)))
      faults.error('value', `path: ${local} is a virtual address`, place, 'take one that does not move');
}
