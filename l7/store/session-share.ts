/** Sessions of `sticky learn` on their way to other moats, and from them: of two that know a session the one that used it last is right. */
import { STICKY_CELL } from '../zone/sticky-table.ts';
import { NONE, openZone, type ZoneTable } from '../zone/table.ts';
import { type BodyReader, FrameFault, type FrameWriter } from './frame.ts';
import { readKey, writeKey, type ZoneShare } from './zone-share.ts';
import { ZoneWalk } from './zone-walk.ts';

/** A session in use is told again after this part of its time, so that the others do not forget it. */
const RENEWAL_PART = 4;

/** What another node tells of a session: its member, when it was used, when that was told. */
interface TakenSession {
  readonly tag: number;
  readonly usedMs: number;
  readonly toldMs: number;
}

/** One entry: the key, its member's tag (8 bytes), ms since it was used (4). */
export class SessionShare implements ZoneShare {
  readonly kind = 'sessions';
  readonly adds = false;
  readonly name: string;
  readonly memory: SharedArrayBuffer;
  readonly #table: ZoneTable;
  readonly #walk: ZoneWalk;
  readonly #timeoutMs: number;

  /**
   * @param sab a zone of SHARED_STICKY_SHAPE
   * @param timeoutMs of its sessions
   * @param owner of this thread's locks
   */
  constructor(name: string, sab: SharedArrayBuffer, timeoutMs: number, owner: number) {
    this.name = name;
    this.memory = sab;
    this.#timeoutMs = timeoutMs;
    this.#table = openZone(sab, { owner, expireMs: timeoutMs });
    this.#walk = new ZoneWalk(this.#table);
  }

  get size(): number {
    return this.#table.size;
  }

  get keepMs(): number {
    return this.#timeoutMs;
  }

  get hasMore(): boolean {
    return this.#walk.hasMore;
  }

  collect(writer: FrameWriter, nowMs: number): number {
    return this.#walk.changed(nowMs, entry => {
      if (this.#isTold(entry, nowMs)) return false;
      this.#write(writer, entry, nowMs);
      return true;
    });
  }

  #toldMs(entry: number): number {
    return this.#table.floats[this.#table.floatAt(entry) + STICKY_CELL.toldMs]!;
  }

  #isTold(entry: number, nowMs: number): boolean {
    const toldMs = this.#toldMs(entry);
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

  dump(from: number, writer: FrameWriter, nowMs: number, sinceMs = 0): number | undefined {
    return this.#walk.all(from, entry => {
      if (sinceMs === 0 || this.#toldMs(entry) >= sinceMs) this.#write(writer, entry, nowMs);
    });
  }

  apply(reader: BodyReader, _isSnapshot: boolean, nowMs: number, agoMs = 0): number | undefined {
    return this.#walk.take(reader, () => {
      const { text, isDigest } = readKey(reader);
      const tag = reader.f64();
      const usedMs = nowMs - agoMs - reader.u32();
      if (tag < 0 || !Number.isSafeInteger(tag)) throw new FrameFault('a member that is none');
      if (text !== '' && nowMs - usedMs < this.#timeoutMs)
        this.#take(text, isDigest, { tag, usedMs, toldMs: nowMs - agoMs }, nowMs);
    });
  }

  /** What comes is marked as told: it is not sent on, each node speaks for itself. */
  #take(text: string, isDigest: boolean, { tag, usedMs, toldMs }: TakenSession, nowMs: number): void {
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
    floats[at + STICKY_CELL.toldMs] = toldMs;
  }
}
