/** CRC-32 (ISO 3309) of latin1 strings, without a copy to bytes. */

const TABLE = new Uint32Array(256).map((_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** @param before the checksum of what stands before `text`: `crc32('b', crc32('a'))` is that of `ab` */
export function crc32(text: string, before = 0): number {
  let crc = ~before;
  for (let at = 0; at < text.length; at++) crc = TABLE[(crc ^ text.charCodeAt(at)) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Goes on with the four bytes of a number, the lowest first. */
export function crc32OfUint32(value: number, before: number): number {
  let crc = ~before;
  for (let shift = 0; shift < 32; shift += 8) crc = TABLE[(crc ^ (value >>> shift)) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
