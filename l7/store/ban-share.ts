/**
 * Bans of limit_ban on their way to other moats, and from them. Of two bans of one client the one that lasts longer holds; what an operator
 * lifts is lifted everywhere. What leads to bans is counted by each node for itself.
 */
import type { Ban, BanZone } from '../zone/ban-zone.ts';
import { type BodyReader, FrameFault, type FrameWriter } from './frame.ts';
import { ENTRIES_MOST, type ZoneShare } from './zone-share.ts';

/** `until` of what is lifted. */
const LIFTED = 0;

export interface BanShareMeans {
  readonly zone: BanZone;
  /** News for whoever keeps bans elsewhere. */
  readonly changed: (how: 'changed' | 'lifted') => void;
}

/** One entry: the key; until, since, length and forget as in `Ban` (8 bytes each); times (4). */
export class BanShare implements ZoneShare {
  readonly kind = 'bans';
  readonly name: string;
  hasMore = false;
  readonly #means: BanShareMeans;
  /** As the others have been told, or have told: key → until. As many as the zone has. */
  #told = new Map<string, number>();
  #evictions: number;
  #isDirty = true;

  constructor(name: string, means: BanShareMeans) {
    this.name = name;
    this.#means = means;
    this.#evictions = means.zone.evictions;
  }

  /** Something has changed in one of the zones. */
  touch(): void {
    this.#isDirty = true;
  }

  collect(writer: FrameWriter): number {
    if (!this.#isDirty) return 0;
    const nowMs = Date.now();
    const { zone } = this.#means;
    const bans = zone.list(nowMs);
    const lifted = this.#lifted(bans);
    const fresh = bans.filter(ban => this.#told.get(ban.key) !== ban.untilMs);
    const news = [...lifted, ...fresh].slice(0, ENTRIES_MOST);
    this.hasMore = lifted.length + fresh.length > news.length;
    this.#isDirty = this.hasMore;
    for (const ban of news) {
      writeBan(writer, ban);
      if (ban.untilMs === LIFTED) this.#told.delete(ban.key);
      else this.#told.set(ban.key, ban.untilMs);
    }
    return news.length;
  }

  /** What was told and is gone before its time: an operator did that, unless the zone was full. */
  #lifted(bans: readonly Ban[]): Ban[] {
    const { evictions } = this.#means.zone;
    const wasFull = evictions !== this.#evictions;
    this.#evictions = evictions;
    const there = new Set(bans.map(({ key }) => key));
    const gone = [...this.#told].filter(([key]) => !there.has(key));
    const nowMs = Date.now();
    const lifted: Ban[] = [];
    for (const [key, untilMs] of gone) {
      if (wasFull || untilMs <= nowMs) this.#told.delete(key);
      else lifted.push({ key, untilMs: LIFTED, sinceMs: nowMs, lengthMs: 0, forgetMs: nowMs, times: 0 });
    }
    return lifted;
  }

  dump(from: number, writer: FrameWriter): number | undefined {
    const bans = this.#means.zone.list(Date.now());
    for (const ban of bans.slice(from, from + ENTRIES_MOST)) writeBan(writer, ban);
    return from + ENTRIES_MOST < bans.length ? from + ENTRIES_MOST : undefined;
  }

  apply(reader: BodyReader): number {
    const { zone, changed } = this.#means;
    const nowMs = Date.now();
    let count = 0;
    let news: 'changed' | 'lifted' | undefined;
    for (; reader.left > 0; count++) {
      const ban = readBan(reader);
      if (ban.untilMs === LIFTED) {
        this.#told.delete(ban.key);
        if (zone.lift(ban.key, nowMs)) news = 'lifted';
      } else if (ban.forgetMs > nowMs && zone.extend(ban, nowMs)) {
        this.#told.set(ban.key, ban.untilMs);
        news ??= 'changed';
      }
    }
    if (news) changed(news);
    return count;
  }
}

function writeBan(writer: FrameWriter, { key, untilMs, sinceMs, lengthMs, forgetMs, times }: Ban): void {
  writer.text(key).f64(untilMs).f64(sinceMs).f64(lengthMs).f64(forgetMs).u32(times);
}

/** @throws {FrameFault} */
function readBan(reader: BodyReader): Ban {
  const key = reader.text();
  const untilMs = reader.f64();
  const sinceMs = reader.f64();
  const lengthMs = reader.f64();
  const forgetMs = reader.f64();
  const times = reader.u32() | 0;
  if (key === '' || untilMs < 0 || lengthMs < 0 || times < 0) throw new FrameFault('a ban that is none');
  return { key, untilMs, sinceMs, lengthMs, forgetMs, times };
}
