/**
 * Collections of the WAF on their way to other moats, and from them. What a rule counts is told as what was added, and added there; of two
 * that set one value the later one is right, and what was counted before that is forgotten.
 */
import { type Told, takeValue } from '../waf/merge-value.ts';
import { RECORD_CELL, recordBlock } from '../waf/shared-store.ts';
import { readValues, type Value, writeValues } from '../waf/values-block.ts';
import { NONE, openZone, type ZoneTable } from '../zone/table.ts';
import { type BodyReader, FRAME_BYTES_MOST, FrameFault, type FrameWriter } from './frame.ts';
import { type KeptKey, readKey, writeKey, type ZoneShare } from './zone-share.ts';
import { ZoneWalk } from './zone-walk.ts';

/** Where records are left for others to read they stay for so long, and those in use are told in whole within a quarter of it. */
const KEEP_MS = 3_600_000;
const RENEWAL_MS = KEEP_MS / 4;
/** Records that are written into one frame, less what the last one may need. */
const FRAME_ROOM = FRAME_BYTES_MOST / 2;
const VALUE_BYTES_MOST = 1024;
const MOST_MS = 0xffff_ffff;

/** What is told of a value: all of it, that it is gone, or what was added. */
const WHOLE = 1;
const GONE = 2;
const ADDED = 3;

/** One entry: the key; ms until the record is over (4 bytes); number of values (1); and the values as writeValue() has them. */
export class CollectionShare implements ZoneShare {
  readonly kind = 'collections';
  readonly adds = true;
  readonly keepMs = KEEP_MS;
  readonly name: string;
  readonly memory: SharedArrayBuffer;
  readonly #table: ZoneTable;
  readonly #walk: ZoneWalk;
  readonly #nowMs: () => number;

  /**
   * @param sab a zone of COLLECTION_SHAPE
   * @param owner of this thread's locks
   * @param nowMs the clock of the threads
   */
  constructor(name: string, sab: SharedArrayBuffer, owner: number, nowMs: () => number = Date.now) {
    this.name = name;
    this.memory = sab;
    this.#nowMs = nowMs;
    this.#table = openZone(sab, { owner });
    this.#walk = new ZoneWalk(this.#table);
  }

  get size(): number {
    return this.#table.size;
  }

  get hasMore(): boolean {
    return this.#walk.hasMore;
  }

  collect(writer: FrameWriter): number {
    const nowMs = this.#nowMs();
    return this.#walk.changed(nowMs, entry => {
      const { floats } = this.#table;
      const at = this.#table.floatAt(entry);
      if (floats[at + RECORD_CELL.isNews] === 0) return false;
      if (writer.length > FRAME_ROOM) return 'full';
      const toldMs = floats[at + RECORD_CELL.toldMs]!;
      const isWhole = toldMs !== 0 && nowMs - toldMs > RENEWAL_MS;
      this.#tellNews(writer, entry, nowMs, isWhole);
      floats[at + RECORD_CELL.isNews] = 0;
      if (isWhole || toldMs === 0) floats[at + RECORD_CELL.toldMs] = nowMs;
      return true;
    });
  }

  /** What was added goes before the whole, so that it counts besides what others have added meanwhile. */
  #tellNews(writer: FrameWriter, entry: number, nowMs: number, isWhole: boolean): void {
    const block = recordBlock(this.#table, entry);
    const values = [...readValues(block, nowMs).values()];
    const added = values.filter(
      ({ news, untold }) => news !== 'set' && (untold !== 0 || news === 'expiring'),
    );
    const whole = values.filter(({ news }) => isWhole || news === 'set');
    this.#writeHead(writer, entry, nowMs, added.length + whole.length);
    for (const one of added) writeValue(writer, one, ADDED, nowMs);
    for (const one of values) {
      one.untold = 0;
      one.news = 'none';
    }
    for (const one of whole) writeValue(writer, one, one.isGone ? GONE : WHOLE, nowMs);
    writeValues(block, values);
  }

  #writeHead(writer: FrameWriter, entry: number, nowMs: number, count: number): void {
    const diesMs = this.#table.floats[this.#table.floatAt(entry) + RECORD_CELL.diesMs]!;
    writeKey(writer, this.#table, entry);
    writer.u32(within(diesMs - nowMs)).u8(count);
  }

  dump(from: number, writer: FrameWriter): number | undefined {
    const nowMs = this.#nowMs();
    return this.#walk.all(from, entry => {
      if (writer.length > FRAME_ROOM) return 'full';
      const values = [...readValues(recordBlock(this.#table, entry), nowMs).values()];
      this.#writeHead(writer, entry, nowMs, values.length);
      for (const one of values) writeValue(writer, one, one.isGone ? GONE : WHOLE, nowMs);
      return undefined;
    });
  }

  apply(reader: BodyReader, _isSnapshot = false, _nowMs = 0, agoMs = 0): number | undefined {
    const nowMs = this.#nowMs();
    return this.#walk.take(reader, () => {
      const key = readKey(reader);
      const diesMs = nowMs - agoMs + reader.u32();
      const told = Array.from({ length: reader.u8() }, () => readTold(reader, nowMs - agoMs));
      if (key.text === '') throw new FrameFault('a record without a key');
      if (diesMs > nowMs) this.#take(key, diesMs, told, nowMs);
    });
  }

  #take({ text, isDigest }: KeptKey, diesMs: number, told: readonly Told[], nowMs: number): void {
    const table = this.#table;
    const find = () => (isDigest ? table.findDigest(text, nowMs) : table.find(text, nowMs));
    let entry = find();
    if (entry !== NONE && table.floats[table.floatAt(entry) + RECORD_CELL.diesMs]! <= nowMs) {
      table.remove(entry);
      entry = find(); // none: insert() takes the key that was looked for last
    }
    if (entry === NONE) entry = table.insert(nowMs);
    else table.touch(entry, nowMs);
    const block = recordBlock(table, entry);
    const values = readValues(block, nowMs);
    for (const one of told) takeValue(values, one);
    writeValues(block, values.values());
    const at = table.floatAt(entry);
    table.floats[at + RECORD_CELL.diesMs] = Math.max(diesMs, table.floats[at + RECORD_CELL.diesMs]!);
    if ([...values.values()].some(({ news }) => news !== 'none')) table.floats[at + RECORD_CELL.isNews] = 1;
  }
}

const within = (ms: number): number => Math.min(Math.max(0, Math.ceil(ms)), MOST_MS);

/** The name; what is told (1 byte); the stamp (8); ms until it vanishes, 0 for never (4); the value with its length before it (4), or what was added (8). */
function writeValue(writer: FrameWriter, one: Value, how: number, nowMs: number): void {
  writer.text(one.name).u8(how).f64(one.stampMs);
  writer.u32(one.expiresMs === 0 ? 0 : Math.max(1, within(one.expiresMs - nowMs)));
  if (how === ADDED) writer.f64(one.untold);
  if (how !== WHOLE) return;
  const value = told(one);
  writer.u32(value.length).bytes(Buffer.from(value, 'latin1'));
}

/** What is untold comes on its own, and must not count twice. */
const told = ({ value, untold }: Value): string =>
  untold === 0 ? value : String(Number.parseInt(value, 10) - untold);

/** @throws {FrameFault} */
function readTold(reader: BodyReader, sentMs: number): Told {
  const name = reader.text();
  const how = reader.u8();
  const stampMs = reader.f64();
  const expiresInMs = reader.u32();
  if (name === '' || stampMs < 0 || how < WHOLE || how > ADDED) throw new FrameFault('a value that is none');
  const common = { name, stampMs, expiresMs: expiresInMs === 0 ? 0 : sentMs + expiresInMs };
  if (how === ADDED) return { ...common, kind: 'added', delta: reader.f64() };
  if (how === GONE) return { ...common, kind: 'gone' };
  const length = reader.u32();
  if (length > VALUE_BYTES_MOST) throw new FrameFault(`a value of ${length} bytes`);
  return { ...common, kind: 'whole', value: reader.bytes(length).toString('latin1') };
}
