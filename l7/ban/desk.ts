/** Bans as the L7 process hands them out and takes orders: for the operator, for files, for the L4 tier. */
import { IpReader } from '#kit/ip.ts';
import type { BanZoneModel, LimitZone } from '#model/l7/limit.ts';
import { type Ban, BanZone, banKey, FOREVER } from '../zone/ban-zone.ts';
import type { ZoneTable } from '../zone/table.ts';
import { addressKey } from './key.ts';

export interface ZoneBans {
  readonly zone: string;
  readonly bans: readonly Ban[];
}

/** What an operator wants. */
export interface BanOrder {
  readonly kind: 'add' | 'remove';
  readonly key: string;
  /** Undefined: all zones. */
  readonly zone: string | undefined;
  /** Of `add`; undefined: without end. */
  readonly lengthMs: number | undefined;
}

export class BanDesk {
  readonly #zones: () => readonly LimitZone[];
  readonly #table: (name: string) => ZoneTable | undefined;

  /**
   * @param zones of the configuration in force
   * @param table finds a zone of the process by its name
   */
  constructor(zones: () => readonly LimitZone[], table: (name: string) => ZoneTable | undefined) {
    this.#zones = zones;
    this.#table = table;
  }

  list(restore: readonly ZoneBans[]): ZoneBans[] {
    const nowMs = Date.now();
    return this.#open().map(({ model, zone }) => {
      const lost = restore.find(({ zone: name }) => name === model.name);
      if (lost) zone.restore(lost.bans, nowMs);
      return { zone: model.name, bans: zone.list(nowMs) };
    });
  }

  /** @returns how many zones it changed @throws {Error} when there is no such zone, or the key fits into none */
  obey({ kind, key, zone: name, lengthMs }: BanOrder): number {
    const meant = this.#open().filter(({ model }) => name === undefined || model.name === name);
    if (meant.length === 0)
      throw new Error(
        name === undefined ? 'there is no limit_ban_zone' : `there is no limit_ban_zone "${name}"`,
      );
    const nowMs = Date.now();
    const keyed = meant.flatMap(({ model, zone }) => {
      const own = keyFor(model, key);
      return own === undefined ? [] : [{ zone, own }];
    });
    if (keyed.length === 0) throw new Error(`"${key}" is no address`);
    if (kind === 'remove') return keyed.filter(({ zone, own }) => zone.lift(own, nowMs)).length;
    const untilMs = lengthMs === undefined ? FOREVER : nowMs + lengthMs;
    for (const { zone, own } of keyed)
      zone.put(
        { key: own, sinceMs: nowMs, untilMs, lengthMs: untilMs - nowMs, forgetMs: untilMs, times: 1 },
        nowMs,
      );
    return keyed.length;
  }

  #open(): { readonly model: BanZoneModel; readonly zone: BanZone }[] {
    return this.#zones().flatMap(model => {
      if (model.kind !== 'ban') return [];
      const bans = this.#table(`bans ${model.name}`);
      const strikes = this.#table(`strikes ${model.name}`);
      return bans && strikes ? [{ model, zone: new BanZone(bans, strikes) }] : [];
    });
  }
}

/** Undefined: a zone of addresses cannot have it. */
function keyFor({ ip6Bits }: BanZoneModel, text: string): string | undefined {
  if (ip6Bits === undefined) return banKey(text);
  return addressKey(new IpReader(), text.replace(/\/\d+$/, ''), ip6Bits) || undefined;
}
