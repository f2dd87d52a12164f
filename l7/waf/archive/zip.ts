/** The entries of a ZIP archive, read strictly: whatever unpackers could disagree about is a fault. */
import { ArchiveFault, checkName } from './fault.ts';

export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  /** As packed. */
  readonly data: Buffer;
}

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = Buffer.from('PK\x03\x04', 'latin1');
const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const ENCRYPTED = 0x1 | 0x40 | 0x2000;
const IN_64_BITS = 0xffffffff;

interface Placed extends ZipEntry {
  readonly from: number;
  readonly to: number;
}

/**
 * @param most entries
 * @throws {ArchiveFault} where the list at the end and what stands before the data do not agree, data overlaps, or cannot be read
 * @see APPNOTE.TXT 6.3, sections 4.3.7 to 4.3.16
 */
export function readZip(file: Buffer, most: number): readonly ZipEntry[] {
  const end = endOf(file);
  const count = file.readUInt16LE(end + 10);
  const bytes = file.readUInt32LE(end + 12);
  const start = file.readUInt32LE(end + 16);
  if (file.readUInt32LE(end + 4) !== 0 || file.readUInt16LE(end + 8) !== count)
    throw new ArchiveFault('is one part of an archive in several');
  if (count === 0xffff || start === IN_64_BITS) throw new ArchiveFault('is a ZIP archive of the 64-bit form');
  if (count > most) throw new ArchiveFault(`holds ${count} entries`, 413);
  if (start + bytes !== end) throw new ArchiveFault('has something between its parts');
  const entries: Placed[] = [];
  let at = start;
  for (let number = 0; number < count; number++) {
    if (at + CENTRAL_BYTES > end || file.readUInt32LE(at) !== CENTRAL) throw broken();
    entries.push(entryAt(file, at, start));
    at +=
      CENTRAL_BYTES + file.readUInt16LE(at + 28) + file.readUInt16LE(at + 30) + file.readUInt16LE(at + 32);
  }
  if (at !== end) throw broken();
  checkPlaces(file, entries, start);
  return entries;
}

/** As much of it as is there. */
const textAt = (file: Buffer, from: number, bytes: number): string =>
  file.subarray(from, from + bytes).latin1Slice();

const broken = (): ArchiveFault => new ArchiveFault('is a broken ZIP archive');

/** Of the record at the end, whose comment has to reach to the last byte. */
function endOf(file: Buffer): number {
  for (let at = file.length - END_BYTES; at >= 0 && at >= file.length - END_BYTES - 0xffff; at--)
    if (file.readUInt32LE(at) === END && at + END_BYTES + file.readUInt16LE(at + 20) === file.length)
      return at;
  throw broken();
}

function entryAt(file: Buffer, at: number, most: number): Placed {
  const nameBytes = file.readUInt16LE(at + 28);
  const name = textAt(file, at + CENTRAL_BYTES, nameBytes);
  const packed = file.readUInt32LE(at + 20);
  const local = file.readUInt32LE(at + 42);
  const method = file.readUInt16LE(at + 10);
  if (packed === IN_64_BITS || local === IN_64_BITS)
    throw new ArchiveFault('is a ZIP archive of the 64-bit form');
  if (file.readUInt16LE(at + 8) & ENCRYPTED)
    throw new ArchiveFault('is encrypted, so nobody can look into it');
  checkName(name);
  if (local + LOCAL_BYTES > most || file.compare(LOCAL, 0, 4, local, local + 4) !== 0) throw broken();
  const from = local + LOCAL_BYTES + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28);
  const localName = textAt(file, local + LOCAL_BYTES, file.readUInt16LE(local + 26));
  if (localName !== name || file.readUInt16LE(local + 8) !== method)
    throw new ArchiveFault('names an entry in two ways');
  if (from + packed > most) throw broken();
  return { name, method, data: file.subarray(from, from + packed), from: local, to: from + packed };
}

/** No byte belongs to two entries (that is how small archives become petabytes), and none to an entry that the list leaves out. */
function checkPlaces(file: Buffer, entries: readonly Placed[], end: number): void {
  let at = 0;
  for (const { from, to } of entries.toSorted((a, b) => a.from - b.from)) {
    if (from < at) throw new ArchiveFault('has entries that overlap', 413);
    checkGap(file, at, from);
    at = to;
  }
  checkGap(file, at, end);
}

function checkGap(file: Buffer, from: number, to: number): void {
  if (file.subarray(from, to).includes(LOCAL)) throw new ArchiveFault('has entries that its list leaves out');
}
