/** The values of one record as bytes in shared memory: a row of names, values and the moments at which they vanish. */

export interface Value {
  readonly name: string;
  value: string;
  /** 0 for never. */
  expiresMs: number;
}

/** Of each value: length of the name, of the value, and when it vanishes. */
const NAME_AT = 0;
const VALUE_AT = 1;
const EXPIRES_AT = 3;
const HEAD_BYTES = 11;
/** Where the block says how many of its bytes are in use. */
const USED_BYTES = 2;
const MOST_NAME = 255;

/** @returns by names in lower case; none where a thread died while it wrote */
export function readValues(block: Buffer, nowMs: number): Map<string, Value> {
  const values = new Map<string, Value>();
  const end = USED_BYTES + block.readUInt16LE(0);
  if (end > block.length) return new Map();
  for (let at = USED_BYTES; at < end; ) {
    if (at + HEAD_BYTES > end) return new Map();
    const nameAt = at + HEAD_BYTES;
    const valueAt = nameAt + block.readUInt8(at + NAME_AT);
    const expiresMs = block.readDoubleLE(at + EXPIRES_AT);
    const next = valueAt + block.readUInt16LE(at + VALUE_AT);
    if (next > end) return new Map();
    const name = block.latin1Slice(nameAt, valueAt);
    if (expiresMs === 0 || nowMs < expiresMs)
      values.set(name.toLowerCase(), { name, value: block.latin1Slice(valueAt, next), expiresMs });
    at = next;
  }
  return values;
}

/** Writes as much as there is room for, first come first served: of a value that does not fit its beginning. */
export function writeValues(block: Buffer, values: Iterable<Value>): void {
  let at = USED_BYTES;
  for (const { name, value, expiresMs } of values) {
    const cutName = name.slice(0, MOST_NAME);
    const room = block.length - at - HEAD_BYTES - cutName.length;
    if (room < 0) continue;
    const cut = value.slice(0, room);
    block.writeUInt8(cutName.length, at + NAME_AT);
    block.writeUInt16LE(cut.length, at + VALUE_AT);
    block.writeDoubleLE(expiresMs, at + EXPIRES_AT);
    block.latin1Write(cutName, at + HEAD_BYTES);
    block.latin1Write(cut, at + HEAD_BYTES + cutName.length);
    at += HEAD_BYTES + cutName.length + cut.length;
  }
  block.writeUInt16LE(at - USED_BYTES, 0);
}
