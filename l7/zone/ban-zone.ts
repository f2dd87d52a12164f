/** The bans of one limit_ban_zone, and the events that lead to them: exact over all threads. */
import { hash } from 'node:crypto';
import { NONE, type ZoneTable } from './table.ts';

const KEY_BYTES = 64;
/** A name of the rule stands before the key of an entry that counts: rules of one zone count apart. */
const RULE_BYTES = 4;

/** A time is cut into so many spans. What is counted is older than the time by one span at most, and never younger. */
const SPANS = 8;

/** For createZone(): bans, and counts of events. */
export const BAN_SHAPE = { keyBytesMax: KEY_BYTES, floats: 4, ints: 1 } as const;
export const STRIKE_SHAPE = { keyBytesMax: KEY_BYTES + RULE_BYTES, floats: 1, ints: SPANS + 1 } as const;

/** Float64 cells of a ban, then its Int32 cell: how many there were in a row. */
const UNTIL = 0;
const SINCE = 1;
const LENGTH = 2;
/** Past this moment it was never there: repetitions count until then. */
const FORGET = 3;

/** A full zone forgets a ban that is over before one that is not; so many of the oldest are looked at. */
const MOST_LOOKED_AT = 32;
/** `until` of a ban without end. */
export const FOREVER = Number.MAX_SAFE_INTEGER;

/** Times in ms since 1970. */
export interface Ban {
  readonly key: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly lengthMs: number;
  readonly forgetMs: number;
  /** 1 for the first. */
  readonly times: number;
}

/** When events lead to a ban, and how long it is: see `BanRuleModel`. */
export interface BanRule {
  /** Four characters that no other rule of the zone has. */
  readonly tag: string;
  readonly count: number;
  readonly withinMs: number;
  readonly banMs: number;
  readonly mostMs: number;
}

/** Rules that count the same share what they have counted, over reloads too. */
export const ruleTag = (meaning: string): string => hash('sha256', meaning, 'binary').slice(0, RULE_BYTES);

/** A key as it is kept and shown: a long one as its digest. */
export const banKey = (text: string): string =>
  text.length <= KEY_BYTES ? text : `sha256:${hash('sha256', text, 'hex').slice(0, 40)}`;

/** One thread's view of the zone. All keys are those of banKey(). */
export class BanZone {
  readonly #bans: ZoneTable;
  readonly #strikes: ZoneTable;

  /**
   * @param bans of BAN_SHAPE
   * @param strikes of STRIKE_SHAPE
   */
  constructor(bans: ZoneTable, strikes: ZoneTable) {
    this.#bans = bans;
    this.#strikes = strikes;
  }

  /** When the ban of `key` is over; 0: there is none. */
  bannedUntilMs(key: string, nowMs: number): number {
    if (this.#bans.size === 0) return 0; // nobody is: most zones, most of the time
    return this.#locked(this.#bans, table => {
      const entry = table.find(key, nowMs);
      if (entry === NONE) return 0;
      const untilMs = table.floats[table.floatAt(entry) + UNTIL]!;
      return untilMs > nowMs ? untilMs : 0;
    });
  }

  /** Counts an event. @returns the ban that it led to */
  strike(rule: BanRule, key: string, nowMs: number): Ban | undefined {
    if (!this.strikeOnly(rule, key, nowMs)) return undefined;
    return this.#locked(this.#bans, table => this.#repeat(table, rule, key, nowMs));
  }

  /** As strike(), but bans nobody. @returns whether it would have */
  strikeOnly(rule: BanRule, key: string, nowMs: number): boolean {
    if (this.bannedUntilMs(key, nowMs) > 0) return false; // its other requests, that were under way
    return this.#locked(this.#strikes, table => count(table, rule, key, nowMs));
  }

  /** Bans whatever the counts say; a ban that is there is replaced. */
  put(ban: Ban, nowMs: number): void {
    this.#locked(this.#bans, table => write(table, this.#enter(table, ban.key, nowMs), ban));
  }

  /** Puts what is not there. */
  restore(bans: readonly Ban[], nowMs: number): void {
    for (const ban of bans)
      this.#locked(this.#bans, table => {
        if (ban.forgetMs > nowMs && table.find(ban.key, nowMs) === NONE)
          write(table, this.#enter(table, ban.key, nowMs), ban);
      });
  }

  /** Bans for as long as another moat does, unless this one does so for longer. @returns whether that is news */
  extend(ban: Ban, nowMs: number): boolean {
    return this.#locked(this.#bans, table => {
      const known = table.find(ban.key, nowMs);
      if (known !== NONE && table.floats[table.floatAt(known) + UNTIL]! >= ban.untilMs) return false;
      write(table, this.#enter(table, ban.key, nowMs), ban);
      return true;
    });
  }

  /** Ends a ban and forgets that it was. @returns whether there was one */
  lift(key: string, nowMs: number): boolean {
    return this.#locked(this.#bans, table => {
      const entry = table.find(key, nowMs);
      if (entry === NONE) return false;
      const untilMs = table.floats[table.floatAt(entry) + UNTIL]!;
      table.remove(entry);
      return untilMs > nowMs;
    });
  }

  /** All that is remembered, also bans that are over and would be repeated. O(n), under the lock. */
  list(nowMs: number): Ban[] {
    return this.#locked(this.#bans, table => {
      const bans: Ban[] = [];
      for (let entry = table.oldest(); entry !== NONE; entry = table.newer(entry)) {
        const ban = read(table, entry);
        if (ban.forgetMs > nowMs) bans.push(ban);
      }
      return bans;
    });
  }

  /** How many are banned now. O(n), under the lock. */
  active(nowMs: number): number {
    return this.#locked(this.#bans, table => {
      let active = 0;
      for (let entry = table.oldest(); entry !== NONE; entry = table.newer(entry))
        if (table.floats[table.floatAt(entry) + UNTIL]! > nowMs) active++;
      return active;
    });
  }

  /** Bans that are kept, those that are over as well. */
  get size(): number {
    return this.#bans.size;
  }

  /** Bans that had to make room for others. */
  get evictions(): number {
    return this.#bans.evictions;
  }

  #repeat(table: ZoneTable, { banMs, mostMs }: BanRule, key: string, nowMs: number): Ban | undefined {
    const entry = table.find(key, nowMs);
    const before = entry === NONE ? undefined : read(table, entry);
    if (before && before.untilMs > nowMs) return undefined; // another thread was first
    const times = before && before.forgetMs > nowMs ? before.times + 1 : 1;
    const lengthMs = Math.min(banMs * 2 ** Math.min(times - 1, 40), mostMs);
    const untilMs = nowMs + lengthMs;
    const ban = { key, sinceMs: nowMs, untilMs, lengthMs, forgetMs: untilMs + mostMs, times };
    write(table, this.#enter(table, key, nowMs), ban);
    return ban;
  }

  #enter(table: ZoneTable, key: string, nowMs: number): number {
    makeRoom(table, nowMs);
    const known = table.find(key, nowMs);
    if (known === NONE) return table.insert(nowMs);
    table.touch(known, nowMs);
    return known;
  }

  #locked<T>(table: ZoneTable, work: (table: ZoneTable) => T): T {
    table.lock.acquire();
    try {
      return work(table);
    } finally {
      table.lock.release();
    }
  }
}

/** @returns whether that makes as many as the rule allows; then the count begins anew */
function count(table: ZoneTable, rule: BanRule, key: string, nowMs: number): boolean {
  const spanMs = Math.max(1, rule.withinMs / SPANS);
  const span = Math.floor(nowMs / spanMs);
  const name = rule.tag + key;
  let entry = table.find(name, nowMs);
  if (entry === NONE) entry = table.insert(nowMs);
  else table.touch(entry, nowMs);
  const { ints, floats } = table;
  const newest = table.floatAt(entry);
  const cells = table.intAt(entry);
  forgetOld(ints, cells, Math.abs(span - floats[newest]!), span);
  floats[newest] = span;
  const cell = cells + (span % (SPANS + 1));
  ints[cell] = ints[cell]! + 1;
  let sum = 0;
  for (let at = 0; at <= SPANS; at++) sum += ints[cells + at]!;
  if (sum < rule.count) return false;
  table.remove(entry);
  return true;
}

/** Clears the spans that have begun since the newest one that is counted. */
function forgetOld(ints: Int32Array, cells: number, passed: number, span: number): void {
  for (let ago = 0; ago < Math.min(passed, SPANS + 1); ago++) ints[cells + ((span - ago) % (SPANS + 1))] = 0;
}

function makeRoom(table: ZoneTable, nowMs: number): void {
  if (!table.isFull()) return;
  let entry = table.oldest();
  for (let looked = 0; entry !== NONE && looked < MOST_LOOKED_AT; looked++, entry = table.newer(entry)) {
    if (table.floats[table.floatAt(entry) + UNTIL]! > nowMs) continue;
    table.remove(entry);
    return;
  }
}

function write(table: ZoneTable, entry: number, ban: Ban): void {
  const { floats, ints } = table;
  const at = table.floatAt(entry);
  floats[at + UNTIL] = ban.untilMs;
  floats[at + SINCE] = ban.sinceMs;
  floats[at + LENGTH] = ban.lengthMs;
  floats[at + FORGET] = ban.forgetMs;
  ints[table.intAt(entry)] = ban.times;
}

function read(table: ZoneTable, entry: number): Ban {
  const { floats, ints } = table;
  const at = table.floatAt(entry);
  return {
    key: table.key(entry),
    untilMs: floats[at + UNTIL]!,
    sinceMs: floats[at + SINCE]!,
    lengthMs: floats[at + LENGTH]!,
    forgetMs: floats[at + FORGET]!,
    times: ints[table.intAt(entry)]!,
  };
}
