/**
 * Requests counted by limit_req on their way to other moats, and from them. What is let through here is told as a number and added
 * there; what was missed while they could not hear each other is made up for by the larger of the two counts.
 */
import { ReqZone } from '../zone/req-zone.ts';
import { type BodyReader, FrameFault, type FrameWriter } from './frame.ts';
import { readKey, writeKey, type ZoneShare } from './zone-share.ts';
import { ZoneWalk } from './zone-walk.ts';

const REQUEST = 1000;
/** What is told matters until the bucket of such a burst has run out, within bounds. */
const BURST = 1000 * REQUEST;
const KEEP_MS = { least: 10_000, most: 600_000 };
/** What is older came by a log that is read later; all else has happened now. */
const LATE_MS = 2000;

/** One entry: the key, thousandths of requests (8 bytes). */
export class LimitShare implements ZoneShare {
  readonly kind = 'limits';
  readonly adds = true;
  readonly name: string;
  readonly memory: SharedArrayBuffer;
  readonly keepMs: number;
  readonly #zone: ReqZone;
  readonly #walk: ZoneWalk;

  /**
   * @param sab a zone of SHARED_REQ_SHAPE
   * @param rate thousandths of a request per second
   * @param owner of this thread's locks
   */
  constructor(name: string, sab: SharedArrayBuffer, rate: number, owner: number) {
    this.name = name;
    this.memory = sab;
    this.keepMs = Math.min(Math.max(KEEP_MS.least, (1000 * BURST) / rate), KEEP_MS.most);
    this.#zone = new ReqZone(sab, rate, owner);
    this.#walk = new ZoneWalk(this.#zone.table);
  }

  get size(): number {
    return this.#zone.table.size;
  }

  get hasMore(): boolean {
    return this.#walk.hasMore;
  }

  collect(writer: FrameWriter): number {
    const zone = this.#zone;
    return this.#walk.changed(Date.now(), entry => {
      const untold = zone.untold(entry);
      if (untold < REQUEST) return false;
      writeKey(writer, zone.table, entry);
      writer.f64(untold);
      zone.settleUntold(entry);
      return true;
    });
  }

  dump(from: number, writer: FrameWriter): number | undefined {
    const nowMs = Date.now();
    return this.#walk.all(from, entry => this.#write(writer, entry, nowMs));
  }

  /** What is untold comes on its own, and must not count twice. */
  #write(writer: FrameWriter, entry: number, nowMs: number): void {
    const excess = this.#zone.excessNow(entry, nowMs) - this.#zone.untold(entry);
    if (excess <= 0) return;
    writeKey(writer, this.#zone.table, entry);
    writer.f64(excess);
  }

  apply(reader: BodyReader, isSnapshot: boolean, _nowMs?: number, agoMs = 0): number | undefined {
    const zone = this.#zone;
    const lateMs = agoMs > LATE_MS ? Math.floor(agoMs) : 0;
    const nowMs = Date.now();
    return this.#walk.take(reader, () => {
      const { text, isDigest } = readKey(reader);
      const amount = reader.f64();
      if (text === '' || amount <= 0) throw new FrameFault('a count that is none');
      if (isSnapshot) zone.raise(text, isDigest, amount, nowMs, lateMs);
      else zone.add(text, isDigest, Math.max(REQUEST, amount), nowMs, lateMs);
    });
  }
}
