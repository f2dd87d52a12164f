/** Names as the wire has them (RFC 1035 §3.1): labels with their lengths, up to the empty one. */

const MOST_NAME_BYTES = 255;
const MOST_LABEL_BYTES = 63;

/** @param name `www.example.org`, without a dot at its end; '' is the root */
export function nameBytes(name: string): Buffer {
  const labels = name === '' ? [] : name.split('.');
  return Buffer.from(
    `${labels.map(label => String.fromCharCode(label.length) + label).join('')}\0`,
    'latin1',
  );
}

/** What names are compared by: the wire's bytes in lower case (RFC 4343), so that a dot within a label is no border. */
export const keyOf = (bytes: Uint8Array): string => {
  let key = '';
  for (const byte of bytes) key += String.fromCharCode(byte >= 65 && byte <= 90 ? byte + 32 : byte);
  return key;
};

/** The key of the name around; undefined for the root. */
export const parentOf = (key: string): string | undefined =>
  key === '\0' ? undefined : key.slice(1 + key.charCodeAt(0));

/** @returns where an uncompressed name ends, its empty label included; -1: it is none, or a compressed one */
export function endOfName(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; ) {
    const length = bytes[at]!;
    if (length > MOST_LABEL_BYTES) return -1;
    at += 1 + length;
    if (at - from > MOST_NAME_BYTES) return -1;
    if (length === 0) return at;
  }
  return -1;
}

/** @returns where a name ends that may be compressed and is not read; -1: beyond the message */
export function skipName(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; ) {
    const length = bytes[at]!;
    if (length >= 0xc0) return at + 2 <= bytes.length ? at + 2 : -1;
    if (length > MOST_LABEL_BYTES) return -1;
    at += 1 + length;
    if (length === 0) return at;
  }
  return -1;
}
