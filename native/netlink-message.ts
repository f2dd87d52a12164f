/** Messages of netlink: a header, the fixed part of their kind, attributes. All in the machine's own byte order, which is little here. */

export const NETLINK_ROUTE = 0;
const HEADER_BYTES = 16;
export const FLAG = {
  request: 1,
  acknowledge: 4,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
};

type Attributes = ReadonlyMap<number, Uint8Array>;

const align = (bytes: number) => (bytes + 3) & ~3;

/** One message: header, the fixed part of its kind, attributes. */
export function message(
  type: number,
  flags: number,
  fixed: Uint8Array,
  attributes: [number, Uint8Array][] = [],
): Uint8Array {
  const parts: Uint8Array[] = [new Uint8Array(HEADER_BYTES), fixed];
  for (const [kind, value] of attributes) parts.push(attribute(kind, value));
  const whole = new Uint8Array(Buffer.concat(parts));
  const view = new DataView(whole.buffer);
  view.setUint32(0, whole.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags | FLAG.request, true);
  return whole;
}

/** One attribute, with what fills it up to whole words; in others it is their value. */
export function attribute(kind: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(align(4 + value.length));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 4 + value.length, true);
  view.setUint16(2, kind, true);
  bytes.set(value, 4);
  return bytes;
}

export function attributesOf(body: Uint8Array, from: number): Attributes {
  const found = new Map<number, Uint8Array>();
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  for (let at = from; at + 4 <= body.length; ) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > body.length) break;
    found.set(view.getUint16(at + 2, true) & 0x3fff, body.subarray(at + 4, at + length));
    at += align(length);
  }
  return found;
}

/** The bodies of the answers of one kind. */
export function* bodies(answers: Uint8Array, type: number): Generator<Uint8Array> {
  const view = new DataView(answers.buffer, answers.byteOffset, answers.length);
  for (let at = 0; at + HEADER_BYTES <= answers.length; ) {
    const length = view.getUint32(at, true);
    if (length < HEADER_BYTES) return;
    if (view.getUint16(at + 4, true) === type) yield answers.subarray(at + HEADER_BYTES, at + length);
    at += align(length);
  }
}

/** What stands before the first zero; '' where there is nothing. */
export const textOf = (bytes: Uint8Array = new Uint8Array(0)): string =>
  Buffer.from(bytes).toString('latin1').replace(/\0.*$/s, '');

export const word = (bytes: Uint8Array, at: number) =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at, true);
