/**
 * Requests counted by limit_req on their way to other moats, and from them. What is let through here is told as a number and added
 * there; what was missed while they could not hear each other is made up for by the larger of the two counts.
 */
import { ReqZone } from '../zone/req-zone.ts';
import { NONE } from '../zone/table.ts';
import { type BodyReader, FrameFault, type FrameWriter } from './frame.ts';
import {
  APPLY_PATIENCE_MS,
  ENTRIES_MOST,
  LOCK_PATIENCE_MS,
  readKey,
  writeKey,
  type ZoneShare,
} from './zone-share.ts';

/** The clock of limits is the machine's, which may be set back a little. */
const DISORDER_MS = 1000;
const REQUEST = 1000;

/** One entry: the key, thousandths of requests (8 bytes). */
export class LimitShare implements ZoneShare {
  readonly kind = 'limits';
  readonly name: string;
  hasMore = false;
  readonly #zone: ReqZone;
  #lookedMs = 0;

  /**
   * @param sab a zone of SHARED_REQ_SHAPE
   * @param rate thousandths of a request per second
   * @param owner of this thread's locks
   */
  constructor(name: string, sab: SharedArrayBuffer, rate: number, owner: number) {
    this.name = name;
    this.#zone = new ReqZone(sab, rate, owner);
  }

  collect(writer: FrameWriter): number {
    const zone = this.#zone;
    const { table } = zone;
    const nowMs = Date.now();
    if (!table.lock.tryAcquire(LOCK_PATIENCE_MS)) return 0;
    try {
      let written = 0;
      let entry = table.newest();
      let looked = 0;
      for (; entry !== NONE && looked < 2 * ENTRIES_MOST; looked++, entry = table.older(entry)) {
        if (written === ENTRIES_MOST || table.touchedMs(entry) < this.#lookedMs - DISORDER_MS) break;
        const untold = zone.untold(entry);
        if (untold < REQUEST) continue;
        writeKey(writer, table, entry);
        writer.f64(untold);
        zone.settleUntold(entry);
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

  dump(from: number, writer: FrameWriter): number | undefined {
    const { table } = this.#zone;
    const nowMs = Date.now();
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

  /** What is untold comes on its own, and must not count twice. */
  #write(writer: FrameWriter, entry: number, nowMs: number): void {
    const excess = this.#zone.excessNow(entry, nowMs) - this.#zone.untold(entry);
    if (excess <= 0) return;
    writeKey(writer, this.#zone.table, entry);
    writer.f64(excess);
  }

  apply(reader: BodyReader, isSnapshot: boolean): number | undefined {
    const zone = this.#zone;
    const nowMs = Date.now();
    let count = 0;
    if (!zone.table.lock.tryAcquire(APPLY_PATIENCE_MS)) return undefined;
    try {
      for (; reader.left > 0; count++) {
        const { text, isDigest } = readKey(reader);
        const amount = reader.f64();
        if (text === '' || amount <= 0) throw new FrameFault('a count that is none');
        if (isSnapshot) zone.raise(text, isDigest, amount, nowMs);
        else zone.add(text, isDigest, Math.max(REQUEST, amount), nowMs);
      }
      return count;
    } finally {
      zone.table.lock.release();
    }
  }
}
