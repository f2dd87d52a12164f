/**
 * Bans of limit_ban on their way to other moats, and from them. Of two bans of one client the one that lasts longer holds; what an operator
 * lifts is lifted everywhere. What leads to bans is counted by each node for itself.
 */
import type { Ban, BanZone } from '../zone/ban-zone.ts';
import { type BodyReader, FrameFault, type FrameWriter } from './frame.ts';
import { ENTRIES_MOST, type ZoneShare } from './zone-share.ts';

/** `until` of what is lifted. */
const LIFTED = 0;
/** Where bans are left for others to read, they stay for so long, and those that still hold are told again within a quarter of it. */
const KEEP_MS = 24 * 3_600_000;
const RENEWAL_MS = KEEP_MS / 4;
const RENEWAL_LOOK_MS = 600_000;
const MOST_LIFTS = 256;

export interface BanShareMeans {
  readonly zone: BanZone;
  /** Where the bans of the zone lie. */
  readonly memory: SharedArrayBuffer;
  /** News for whoever keeps bans elsewhere. */
  readonly changed: (how: 'changed' | 'lifted') => void;
}

/** By the key of the ban: until when it was told to hold, and when that was told. */
interface ToldBan {
  readonly untilMs: number;
  readonly toldMs: number;
}

/** One entry: the key; until, since, length and forget as in `Ban` (8 bytes each); times (4). */
export class BanShare implements ZoneShare {
  readonly kind = 'bans';
  readonly adds = false;
  readonly keepMs = KEEP_MS;
  readonly name: string;
  hasMore = false;
  readonly #means: BanShareMeans;
  /** As the others have been told, or have told. As many as the zone has. */
  #told = new Map<string, ToldBan>();
  #evictions: number;
  #isDirty = true;
  #lookedMs = 0;
  /** Those of late, with the turn in which they were told. */
  #lifts: readonly (Ban & { readonly turnMs: number })[] = [];

  constructor(name: string, means: BanShareMeans) {
    this.name = name;
    this.#means = means;
    this.#evictions = means.zone.evictions;
  }

  get memory(): SharedArrayBuffer {
    return this.#means.memory;
  }

  get size(): number {
    return this.#means.zone.size;
  }

  /** Something has changed in one of the zones. */
  touch(): void {
    this.#isDirty = true;
  }

  collect(writer: FrameWriter, turnMs: number): number {
    const nowMs = Date.now();
    if (!this.#isDirty && nowMs - this.#lookedMs < RENEWAL_LOOK_MS) return 0;
    this.#lookedMs = nowMs;
    const { zone } = this.#means;
    const bans = zone.list(nowMs);
    const lifted = this.#lifted(bans);
    const fresh = bans.filter(ban => {
      const told = this.#told.get(ban.key);
      return told?.untilMs !== ban.untilMs || nowMs - told.toldMs > RENEWAL_MS;
    });
    const news = [...lifted, ...fresh].slice(0, ENTRIES_MOST);
    this.hasMore = lifted.length + fresh.length > news.length;
    this.#isDirty = this.hasMore;
    for (const ban of news) {
      writeBan(writer, ban);
      if (ban.untilMs === LIFTED) this.#noteLift(ban, turnMs);
      else this.#told.set(ban.key, { untilMs: ban.untilMs, toldMs: nowMs });
    }
    return news.length;
  }

  #noteLift(ban: Ban, turnMs: number): void {
    this.#told.delete(ban.key);
    this.#lifts = [...this.#lifts.filter(({ key }) => key !== ban.key), { ...ban, turnMs }].slice(
      -MOST_LIFTS,
    );
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
    for (const [key, { untilMs }] of gone) {
      if (wasFull || untilMs <= nowMs) this.#told.delete(key);
      else lifted.push({ key, untilMs: LIFTED, sinceMs: nowMs, lengthMs: 0, forgetMs: nowMs, times: 0 });
    }
    return lifted;
  }

  /** What was lifted is told again only when nobody may have heard it, not to those who come later. */
  dump(from: number, writer: FrameWriter, _nowMs?: number, sinceMs = 0): number | undefined {
    const bans = this.#means.zone.list(Date.now());
    if (from === 0 && sinceMs > 0)
      for (const lift of this.#lifts)
        if (lift.turnMs >= sinceMs && !bans.some(({ key }) => key === lift.key)) writeBan(writer, lift);
    for (const ban of bans.slice(from, from + ENTRIES_MOST)) writeBan(writer, ban);
    return from + ENTRIES_MOST < bans.length ? from + ENTRIES_MOST : undefined;
  }

  apply(reader: BodyReader, _isSnapshot = false, _nowMs = 0, agoMs = 0): number {
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
        this.#told.set(ban.key, { untilMs: ban.untilMs, toldMs: nowMs - agoMs });
        news ??= 'changed';
      } else if (this.#told.get(ban.key)?.untilMs === ban.untilMs)
        this.#told.set(ban.key, { untilMs: ban.untilMs, toldMs: nowMs - agoMs }); // so one node renews it for all
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
