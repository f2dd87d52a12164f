/** Writes ASN.1 in DER (X.690): as much as a certificate needs. */

/** Tags of X.690 §8. */
const TAG = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  boolean: 0x01,
  null: 0x05,
  utf8: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** One element: tag, length, content. */
export function element(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(body.length)]), body]);
}

function lengthOf(bytes: number): number[] {
  if (bytes < 0x80) return [bytes];
  return bytes < 0x100 ? [0x81, bytes] : [0x82, bytes >> 8, bytes & 0xff];
}

export const sequence = (...parts: readonly Buffer[]): Buffer => element(TAG.sequence, ...parts);
export const set = (...parts: readonly Buffer[]): Buffer => element(TAG.set, ...parts);
export const octets = (content: Buffer): Buffer => element(TAG.octets, content);
export const utf8 = (text: string): Buffer => element(TAG.utf8, Buffer.from(text));

/** A positive integer, most significant byte first. */
export const integer = (bytes: Buffer): Buffer =>
  element(TAG.integer, bytes[0]! & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);

/** Whole bytes as a bit string. */
export const bits = (bytes: Buffer): Buffer => element(TAG.bits, Buffer.of(0), bytes);

/** @param dotted `1.2.840.10045.4.3.2` */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(TAG.oid, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

export const yes = (): Buffer => element(TAG.boolean, Buffer.of(0xff));
export const nothing = (): Buffer => element(TAG.null);

/** With two digits of the year until 2049 (RFC 5280 §4.1.2.5). */
export function time(date: Date): Buffer {
  const text = `${date.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
  return date.getUTCFullYear() < 2050
    ? element(TAG.utcTime, Buffer.from(text.slice(2)))
    : element(TAG.generalizedTime, Buffer.from(text));
}
