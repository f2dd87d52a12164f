/** How many are banned, by zone. */
import type { Exposition } from '#kit/exposition.ts';
import type { Tables } from '../tables.ts';
import { openBanZone } from '../zone/open-bans.ts';

/** @param owner of the thread's locks */
export function writeBans(page: Exposition, { model, zones }: Tables, owner: number): void {
  const open = model.limitZones
    .filter(({ kind }) => kind === 'ban')
    .map(({ name }) => [{ zone: name }, openBanZone(zones, name, owner)] as const);
  const nowMs = Date.now();
  page.gauge(
    'bans_active',
    'Who is banned now, by zone.',
    open.map(([labels, bans]) => [labels, bans.active(nowMs)]),
  );
  page.counter(
    'bans_evicted_total',
    'Bans that a full zone forgot.',
    open.map(([labels, bans]) => [labels, bans.evictions]),
  );
}
