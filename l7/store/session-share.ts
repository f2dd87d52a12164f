/** Sessions of `sticky learn` on their way to other moats, and from them: of two that know a session the one that used it last is right. */
import { STICKY_CELL } from '../zone/sticky-table.ts';
import { NONE, openZone, type ZoneTable } from '../zone/table.ts';
import { type BodyReader, FrameFault, type FrameWriter } from './frame.ts';
import {
  APPLY_PATIENCE_MS,
  ENTRIES_MOST,
  LOCK_PATIENCE_MS,
  readKey,
  writeKey,
  type ZoneShare,
} from './zone-share.ts';

/** A session in use is told again after this part of its time, so that the others do not forget it. */
const RENEWAL_PART = 4;
/** A thread reads the clock once for many requests, so entries are in order but for so much. */
const DISORDER_MS = 1000;

/** One entry: the key, its member's tag (8 bytes), ms since it was used (4). */
export class SessionShare implements ZoneShare {
  readonly kind = 'sessions';
  readonly name: string;
  hasMore = false;
  readonly #table: ZoneTable;
  readonly #timeoutMs: number;
  #lookedMs = 0;

  /**
   * @param sab a zone of SHARED_STICKY_SHAPE
   * @param timeoutMs of its sessions
   * @param owner of this thread's locks
   */
  constructor(name: string, sab: SharedArrayBuffer, timeoutMs: number, owner: number) {
    this.name = name;
    this.#timeoutMs = timeoutMs;
    this.#table = openZone(sab, { owner, expireMs: timeoutMs });
  }

  collect(writer: FrameWriter, nowMs: number): number {
    const table = this.#table;
    if (!table.lock.tryAcquire(LOCK_PATIENCE_MS)) return 0;
    try {
      let written = 0;
      let entry = table.newest();
      let looked = 0;
      for (; entry !== NONE && looked < 2 * ENTRIES_MOST; looked++, entry = table.older(entry)) {
        if (written === ENTRIES_MOST || table.touchedMs(entry) < this.#lookedMs - DISORDER_MS) break;
        if (this.#isTold(entry, nowMs)) continue;
        this.#write(writer, entry, nowMs);
        written++;
      }
      // Those behind were looked at in the turn before, unless so many have changed since.
      this.hasMore = entry !== NONE && table.touchedMs(entry) >= this.#lookedMs;
      if (!this.hasMore) this.#lookedMs = nowMs;
      return written;
    } finally {
      table.lock.release();
    }
  }

  #isTold(entry: number, nowMs: number): boolean {
    const toldMs = this.#table.floats[this.#table.floatAt(entry) + STICKY_CELL.toldMs]!;
    return toldMs !== 0 && nowMs - toldMs < this.#timeoutMs / RENEWAL_PART;
  }

  #write(writer: FrameWriter, entry: number, nowMs: number): void {
    const { floats } = this.#table;
    const at = this.#table.floatAt(entry);
    floats[at + STICKY_CELL.toldMs] = nowMs;
    writeKey(writer, this.#table, entry);
    writer
      .f64(floats[at + STICKY_CELL.tag]!)
      .u32(Math.min(Math.max(0, nowMs - floats[at + STICKY_CELL.usedMs]!), 0xffffffff));
  }

  dump(from: number, writer: FrameWriter, nowMs: number): number | undefined {
    const table = this.#table;
    if (!table.lock.tryAcquire(LOCK_PATIENCE_MS)) return from;
    try {
      let entry = table.after(from);
      for (let count = 0; entry !== NONE && count < ENTRIES_MOST; count++) {
        this.#write(writer, entry, nowMs);
        const next = table.after(entry);
        if (next === NONE) return undefined;
        if (count === ENTRIES_MOST - 1) return entry;
        entry = next;
      }
      return undefined;
    } finally {
      table.lock.release();
    }
  }

  apply(reader: BodyReader, _isSnapshot: boolean, nowMs: number): number | undefined {
    const table = this.#table;
    let count = 0;
    if (!table.lock.tryAcquire(APPLY_PATIENCE_MS)) return undefined;
    try {
      for (; reader.left > 0; count++) {
        const { text, isDigest } = readKey(reader);
        const tag = reader.f64();
        const usedMs = nowMs - reader.u32();
        if (tag < 0 || !Number.isSafeInteger(tag)) throw new FrameFault('a member that is none');
        if (text !== '' && nowMs - usedMs < this.#timeoutMs) this.#take(text, isDigest, tag, usedMs, nowMs);
      }
      return count;
    } finally {
      table.lock.release();
    }
  }

  /** What comes is marked as told: it is not sent on, each node speaks for itself. */
  #take(text: string, isDigest: boolean, tag: number, usedMs: number, nowMs: number): void {
    const table = this.#table;
    let entry = isDigest ? table.findDigest(text, nowMs) : table.find(text, nowMs);
    const isNew = entry === NONE;
    if (isNew) entry = table.insert(nowMs);
    const { floats } = table;
    const at = table.floatAt(entry);
    if (!isNew && floats[at + STICKY_CELL.usedMs]! > usedMs) {
      if (floats[at + STICKY_CELL.tag] !== tag) floats[at + STICKY_CELL.toldMs] = 0; // the other one is to learn it
      return;
    }
    if (!isNew) table.touch(entry, nowMs);
    floats[at + STICKY_CELL.tag] = tag;
    floats[at + STICKY_CELL.usedMs] = usedMs;
    floats[at + STICKY_CELL.toldMs] = nowMs;
  }
}
