/** A zone of shared memory as the session store sees it: what has changed, all that is there, and what others tell. */
import type { ZoneTable } from '../zone/table.ts';
import { type BodyReader, FrameFault, type FrameWriter } from './frame.ts';
import type { ZoneKind } from './records.ts';

/** So many entries are written or looked at while the workers wait for the lock. */
export const ENTRIES_MOST = 2048;
const DIGEST_BYTES = 16;

export interface ZoneShare {
  readonly kind: ZoneKind;
  readonly name: string;
  /** Another one means that it has begun anew. */
  readonly memory: SharedArrayBuffer;
  /** Entries in it. */
  readonly size: number;
  /** For so long what is told of an entry matters; within a quarter of it one in use is told again. */
  readonly keepMs: number;
  /** Whether what is told is added up, so that nothing may be taken twice. */
  readonly adds: boolean;
  /** Writes what has changed here since it was called last, ENTRIES_MOST at most. @returns how many */
  collect(writer: FrameWriter, nowMs: number): number;
  /** Whether the last collect() could not get at all of it. */
  readonly hasMore: boolean;
  /**
   * Writes what there is from the entry `from` on, ENTRIES_MOST at most.
   *
   * @param from 0 at first
   * @param sinceMs what was told before may be left out; 0 if absent
   * @returns where to go on, `from` itself when the workers have the zone; undefined: that was all
   */
  dump(from: number, writer: FrameWriter, nowMs: number, sinceMs?: number): number | undefined;
  /** Something in it may have changed: for those that are told so. */
  touch?(): void;
  /**
   * Takes in what another node has written.
   *
   * @param agoMs when it wrote that; 0 if absent
   * @returns how many entries; undefined: the workers have the zone
   * @throws {FrameFault}
   */
  apply(reader: BodyReader, isSnapshot: boolean, nowMs: number, agoMs?: number): number | undefined;
}

/** A key as a zone keeps it: its bytes, or the digest of a longer one. */
export interface KeptKey {
  readonly text: string;
  readonly isDigest: boolean;
}

export function writeKey(writer: FrameWriter, table: ZoneTable, entry: number): void {
  const bytes = table.keyBytes(entry);
  writer
    .u8(table.hasDigest(entry) ? 1 : 0)
    .u8(bytes.length)
    .bytes(bytes);
}

/** @throws {FrameFault} */
export function readKey(reader: BodyReader): KeptKey {
  const flag = reader.u8();
  const text = reader.text();
  if (flag > 1 || (flag === 1 && text.length !== DIGEST_BYTES)) throw new FrameFault('a key that is none');
  return { text, isDigest: flag === 1 };
}
