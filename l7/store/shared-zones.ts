/** Which zones of a configuration are shared with other moats. */
import type { HttpModel } from '#model/l7/http.ts';
import { COLLECTIONS } from '../waf/shared-store.ts';
import { BanZone } from '../zone/ban-zone.ts';
import { openZone } from '../zone/table.ts';
import type { SharedZone } from '../zone/wish.ts';
import { BanShare } from './ban-share.ts';
import { CollectionShare } from './collection-share.ts';
import { LimitShare } from './limit-share.ts';
import { SessionShare } from './session-share.ts';
import type { ZoneShare } from './zone-share.ts';

/**
 * @param zones as the threads have them
 * @param owner of this thread's locks
 * @param bansChanged told when another moat has banned somebody here, or lifted a ban
 */
export function sharedZones(
  { pools, limitZones, wafCollectionsShared }: HttpModel,
  zones: readonly SharedZone[],
  owner: number,
  bansChanged: (how: 'changed' | 'lifted') => void,
): ZoneShare[] {
  const memory = (wanted: string) =>
    zones.flatMap(zone => (zone.kind === 'table' && zone.name === wanted ? [zone.sab] : []));
  return [
    ...(wafCollectionsShared
      ? memory(COLLECTIONS).map(sab => new CollectionShare(COLLECTIONS, sab, owner))
      : []),
    ...pools.flatMap(({ sticky }) =>
      sticky?.kind === 'learn' && sticky.sync
        ? memory(sticky.zone.name).map(
            sab => new SessionShare(sticky.zone.name, sab, sticky.timeoutMs, owner),
          )
        : [],
    ),
    ...limitZones.flatMap(zone =>
      zone.kind === 'req' && zone.sync
        ? memory(`limit ${zone.name}`).map(sab => new LimitShare(zone.name, sab, zone.rate, owner))
        : [],
    ),
    ...limitZones.flatMap(zone => {
      const [bans] = memory(`bans ${zone.name}`);
      const [strikes] = memory(`strikes ${zone.name}`);
      if (zone.kind !== 'ban' || !zone.sync || !bans || !strikes) return [];
      const view = new BanZone(openZone(bans, { owner }), openZone(strikes, { owner }));
      return [new BanShare(zone.name, { zone: view, memory: bans, changed: bansChanged })];
    }),
  ];
}
