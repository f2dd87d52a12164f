/** Bans outside the L7 process: in files that outlive it, and in the L4 tier. What the process has is the truth. */
import { type Cidr, parseCidr } from '#kit/cidr.ts';
import type { Log } from '#kit/log.ts';
import { Turns } from '#kit/turns.ts';
import type { L4Plane } from '#l4';
import type { BanOrder, L7Plane, ZoneBans } from '#l7';
import type { HttpModel } from '#model/l7/http.ts';
import type { BanZoneModel } from '#model/l7/limit.ts';
import { covers } from './covers.ts';
import { readBans, writeBans } from './state-file.ts';

/** News of bans is gathered for so long: a flood of them is one change of files and maps. */
const GATHER_MS = 500;

type Planes = { readonly plane: L7Plane; readonly l4: L4Plane };

export class BanKeeper {
  log: Pick<Log, 'error' | 'warn'> = { error() {}, warn() {} };
  readonly #planes: Planes;
  readonly #turns = new Turns();
  #zones: readonly BanZoneModel[] = [];
  #spared: readonly Cidr[] = [];
  /** As the process had them last, or the files. */
  #known: readonly ZoneBans[] = [];
  readonly #written = new Map<string, string>();
  #inL4 = '';
  #timer: NodeJS.Timeout | undefined;
  /** When the first of the bans in the L4 tier is over. */
  #expiry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(planes: Planes) {
    this.#planes = planes;
  }

  /** Takes up the zones of a configuration that has come into force: what their files remember is banned again. */
  async follow(http: HttpModel | undefined): Promise<void> {
    this.#zones = (http?.limitZones ?? []).filter(zone => zone.kind === 'ban');
    this.#spared = http?.banSpared ?? [];
    const unknown = this.#zones.filter(({ name }) => !this.#known.some(({ zone }) => zone === name));
    this.#known = [...this.#known, ...unknown.map(zone => ({ zone: zone.name, bans: this.#read(zone) }))];
    await this.sync();
  }

  /** The process tells that something has changed. */
  readonly changed = (how: 'changed' | 'lifted' = 'changed'): void => {
    if (this.#closed || this.#zones.length === 0) return;
    if (how === 'lifted') void this.#turns.take(() => this.#forgetLifted());
    this.#timer ??= setTimeout(() => void this.sync(), GATHER_MS).unref();
  };

  /** @returns all bans, as the process has them; of one that is down, those known last */
  sync(): Promise<readonly ZoneBans[]> {
    return this.#turns.take(() => this.#sync());
  }

  async #sync(): Promise<readonly ZoneBans[]> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#zones.length === 0 && this.#inL4 === '') return [];
    const told = await this.#planes.plane.bans(this.#known);
    if (told && told.length === this.#zones.length) this.#known = told;
    for (const zone of this.#zones) this.#write(zone);
    await this.#drop();
    return this.#known;
  }

  /** Out of a backup: bans that last are added to those there are. */
  restore(zones: readonly ZoneBans[]): Promise<void> {
    return this.#turns.take(async () => {
      this.#known = this.#known.map(({ zone, bans }) => {
        const come = zones.find(one => one.zone === zone)?.bans ?? [];
        const keys = new Set(come.map(({ key }) => key));
        return { zone, bans: [...bans.filter(({ key }) => !keys.has(key)), ...come] };
      });
      await this.#sync();
    });
  }

  /** @returns how many zones it changed @throws {Error} with the reason */
  order(order: BanOrder): Promise<number> {
    return this.#turns.take(async () => {
      const changed = await this.#planes.plane.orderBan(order);
      await this.#forgetLifted();
      await this.#sync();
      return changed;
    });
  }

  /** What is lifted must not be restored from what was known before. */
  async #forgetLifted(): Promise<void> {
    this.#known = (await this.#planes.plane.bans()) ?? this.#known;
  }

  /** Writes what there is, once more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.sync();
    clearTimeout(this.#expiry);
  }

  #read({ name, statePath }: BanZoneModel): ZoneBans['bans'] {
    if (statePath === undefined) return [];
    try {
      return readBans(statePath);
    } catch (fault) {
      this.log.error(`the bans of zone "${name}" are lost: "${statePath}": ${(fault as Error).message}`);
      return [];
    }
  }

  #write({ name, statePath }: BanZoneModel): void {
    const bans = this.#known.find(({ zone }) => zone === name)?.bans;
    if (statePath === undefined || !bans) return;
    const text = `${JSON.stringify(bans)}\n`;
    if (this.#written.get(statePath) === text) return;
    try {
      writeBans(statePath, text);
      this.#written.set(statePath, text);
    } catch (fault) {
      this.log.error(`the bans of zone "${name}" will not outlive moat: ${(fault as Error).message}`);
    }
  }

  /** Brings the bans of zones with `l4` into the L4 tier, and takes out those that are over. */
  async #drop(): Promise<void> {
    const nowMs = Date.now();
    const zones = new Set(this.#zones.filter(({ l4 }) => l4).map(({ name }) => name));
    const bans = this.#known
      .filter(({ zone }) => zones.has(zone))
      .flatMap(zone => zone.bans)
      .filter(({ untilMs }) => untilMs > nowMs);
    this.#wakeAt(Math.min(...bans.map(({ untilMs }) => untilMs)), nowMs);
    const networks = bans
      .map(({ key }) => parseCidr(key)?.cidr)
      .filter(cidr => cidr !== undefined)
      .filter(cidr => !this.#spared.some(spared => covers(spared, cidr) || covers(cidr, spared)));
    const text = JSON.stringify(networks.map(({ address, bits }) => `${address}/${bits}`).sort());
    if (text === (this.#inL4 || '[]')) return;
    try {
      await this.#planes.l4.ban(networks);
      this.#inL4 = text === '[]' ? '' : text;
    } catch (fault) {
      this.log.error(`the L4 tier does not drop who is banned: ${(fault as Error).message}`);
    }
  }

  #wakeAt(firstEndMs: number, nowMs: number): void {
    clearTimeout(this.#expiry);
    const waitMs = Math.min(Math.max(firstEndMs - nowMs, GATHER_MS), MOST_TIMER_MS);
    if (firstEndMs !== Number.POSITIVE_INFINITY && !this.#closed)
      this.#expiry = setTimeout(() => void this.sync(), waitMs).unref();
  }
}

/** Timers know no longer times. */
const MOST_TIMER_MS = 2 ** 31 - 1;
