/** limit_conn: several counts taken for one request, all or none. */
import type { ConnZone } from './conn-zone.ts';

/** One limit_conn of a location: at most `most` at a time for each key. */
export type ConnLimit = { readonly zone: ConnZone; readonly most: number };

/** What takeAll() answers when no limit refused. */
export const ALL_TAKEN = -1;

const KEY_BYTES_MAX = 255;

/**
 * Counts a request in all zones, or in none. As in nginx, an empty key is not limited, nor is one over 255 bytes.
 *
 * @param keys latin1, one for each limit
 * @param held one cell per limit, all 0: filled with what giveAll() gives back when the request ends
 * @returns ALL_TAKEN, or the index of the limit that refused; its cell of `held` then says OVER or FULL, the others 0
 */
export function takeAll(limits: readonly ConnLimit[], keys: readonly string[], held: Int32Array): number {
  for (let i = 0; i < limits.length; i++) {
    const key = keys[i]!;
    if (key.length === 0 || isOverlong(key)) continue;
    const { zone, most } = limits[i]!;
    const handle = zone.take(key, most);
    if (handle <= 0) {
      giveAll(limits, held);
      held[i] = handle;
      return i;
    }
    held[i] = handle;
  }
  return ALL_TAKEN;
}

/** Gives back what takeAll() counted, and clears `held`: a second call does nothing. */
export function giveAll(limits: readonly ConnLimit[], held: Int32Array): void {
  for (let i = 0; i < limits.length; i++) {
    const handle = held[i]!;
    held[i] = 0;
    if (handle > 0) limits[i]!.zone.give(handle);
  }
}

/** Whether the key is too long to be limited; nginx logs an error for each. */
export function isOverlong(key: string): boolean {
  return key.length > KEY_BYTES_MAX;
}
