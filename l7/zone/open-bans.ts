/** Finds the memory of a limit_ban_zone. */
import { BanZone } from './ban-zone.ts';
import type { ZoneShelf } from './shelf.ts';
import { openZone } from './table.ts';

/** One thread's view. @param owner of its locks @throws {RangeError} when nobody asked for the zone */
export function openBanZone(zones: ZoneShelf, name: string, owner: number): BanZone {
  const open = (kind: string) => openZone(zones.memory('table', `${kind} ${name}`), { owner });
  return new BanZone(open('bans'), open('strikes'));
}
