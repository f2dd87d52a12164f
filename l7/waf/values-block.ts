/** The values of one record as bytes in shared memory: a row of names, values and what is known about each. */

export interface Value {
  readonly name: string;
  value: string;
  /** 0 for never. */
  expiresMs: number;
  /** When it was set last, anywhere in the cluster: a number that grows with each set. 0: it has only been counted. */
  stampMs: number;
  /** What has been added here since other moats were told. */
  untold: number;
  /** It was deleted, and is kept for a while so that the others learn it. */
  isGone: boolean;
  /** It was set or deleted here since others were told; for `expiring` they are to learn when it vanishes. */
  news: 'none' | 'set' | 'expiring';
}

/** Of each value: length of the name, of the value, when it vanishes, its stamp, what is untold, and a byte of marks. */
const NAME_AT = 0;
const VALUE_AT = 1;
const EXPIRES_AT = 3;
const STAMP_AT = 11;
const UNTOLD_AT = 19;
const MARKS_AT = 27;
const HEAD_BYTES = 28;
const GONE = 4;
const NEWS: readonly Value['news'][] = ['none', 'set', 'expiring'];
/** Where the block says how many of its bytes are in use. */
const USED_BYTES = 2;
const MOST_NAME = 255;

export const newValue = (name: string): Value => ({
  name,
  value: '',
  expiresMs: 0,
  stampMs: 0,
  untold: 0,
  isGone: false,
  news: 'none',
});

/** @returns by names in lower case, those that are gone among them; none where a thread died while it wrote */
export function readValues(block: Buffer, nowMs: number): Map<string, Value> {
  const values = new Map<string, Value>();
  const end = USED_BYTES + block.readUInt16LE(0);
  if (end > block.length) return new Map();
  for (let at = USED_BYTES; at < end; ) {
    if (at + HEAD_BYTES > end) return new Map();
    const nameAt = at + HEAD_BYTES;
    const valueAt = nameAt + block.readUInt8(at + NAME_AT);
    const next = valueAt + block.readUInt16LE(at + VALUE_AT);
    const expiresMs = block.readDoubleLE(at + EXPIRES_AT);
    if (next > end) return new Map();
    if (expiresMs === 0 || nowMs < expiresMs) {
      const name = block.latin1Slice(nameAt, valueAt);
      const marks = block.readUInt8(at + MARKS_AT);
      values.set(name.toLowerCase(), {
        name,
        value: block.latin1Slice(valueAt, next),
        expiresMs,
        stampMs: block.readDoubleLE(at + STAMP_AT),
        untold: block.readDoubleLE(at + UNTOLD_AT),
        isGone: (marks & GONE) !== 0,
        news: NEWS[marks & 3] ?? 'none',
      });
    }
    at = next;
  }
  return values;
}

/** Writes as much as there is room for, first come first served: of a value that does not fit its beginning. */
export function writeValues(block: Buffer, values: Iterable<Value>): void {
  let at = USED_BYTES;
  for (const one of values) {
    const cutName = one.name.slice(0, MOST_NAME);
    const room = block.length - at - HEAD_BYTES - cutName.length;
    if (room < 0) continue;
    const cut = one.value.slice(0, room);
    block.writeUInt8(cutName.length, at + NAME_AT);
    block.writeUInt16LE(cut.length, at + VALUE_AT);
    block.writeDoubleLE(one.expiresMs, at + EXPIRES_AT);
    block.writeDoubleLE(one.stampMs, at + STAMP_AT);
    block.writeDoubleLE(one.untold, at + UNTOLD_AT);
    block.writeUInt8(NEWS.indexOf(one.news) | (one.isGone ? GONE : 0), at + MARKS_AT);
    block.latin1Write(cutName, at + HEAD_BYTES);
    block.latin1Write(cut, at + HEAD_BYTES + cutName.length);
    at += HEAD_BYTES + cutName.length + cut.length;
  }
  block.writeUInt16LE(at - USED_BYTES, 0);
}
