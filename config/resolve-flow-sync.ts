/** The flow_sync block, which stands in the cluster block, to what the L4 tier does by it. */
import type { L4Model } from '#model/l4/l4.ts';
import type { SyncModel } from '#model/l4/sync.ts';
import { refuseTwinPaths } from './cluster-path.ts';
import type { Faults } from './diagnostic.ts';
import type { FlowSyncDraft } from './draft-cluster.ts';

const PORT = 8473;
export const FLOW_WAIT_MS = 30_000;

export function withSync(
  l4: L4Model | undefined,
  draft: FlowSyncDraft | undefined,
  faults: Faults,
): L4Model | undefined {
  if (!draft) return l4;
  const { own, site } = draft;
  if (!l4)
    faults.error('value', 'flow_sync: there is no l4 block, so there are no flows', site, 'take it out');
  if (draft.paths.length === 0)
    faults.error(
      'incomplete',
      'flow_sync has no path',
      site,
      'add a line: path OWN_ADDRESS ADDRESS_OF_THE_OTHER',
    );
  if (own.key === undefined)
    faults.error(
      'incomplete',
      'flow_sync has no key',
      site,
      'add a line: key file:PATH, with the same key on both nodes',
    );
  refuseTwinPaths(draft.paths, faults);
  if (l4?.sourcePools.some(({ firstPort, lastPort }) => firstPort === lastPort))
    faults.error(
      'value',
      'flow_sync: a source_pool of one port cannot be shared by two directors',
      site,
      'give the pool two ports or more',
    );
  if (!l4) return l4;
  const sync: SyncModel = {
    ...{ key: '', port: PORT, waitMs: FLOW_WAIT_MS },
    ...own,
    paths: draft.paths.map(({ local, peer }) => ({ local, peer })),
  };
  if (l4.hashSecret === undefined)
    faults.warn(
      'no-effect',
      'flow_sync: without hash_secret in the l4 block the two directors spread clients differently',
      site,
      'give both the same hash_secret',
    );
  return { ...l4, sync };
}
