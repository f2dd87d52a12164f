/** IP addresses: read from texts, and written. */

const ZERO = 48;
const NINE = 57;
const DOT = 46;
const COLON = 58;

/** Reads addresses one after the other, and keeps the last one. */
export class IpReader {
  /** 0 when the last text was no address. IPv4 in the guise of IPv6 (`::ffff:1.2.3.4`) counts as 4. */
  family: 0 | 4 | 6 = 0;
  /** The address in 32-bit words, the highest first: one of them for IPv4, all four for IPv6. */
  readonly words = new Uint32Array(4);
  readonly #groups = new Uint16Array(8);

  /** @returns false when the text is no address; a `%zone` at the end is passed over */
  read(text: string): boolean {
    const { words } = this;
    this.family = 0;
    if (!text.includes(':')) {
      const address = readIp4(text, 0, text.length);
      if (address < 0) return false;
      words[0] = address;
      this.family = 4;
      return true;
    }
    if (!this.#readGroups(text)) return false;
    for (let at = 0; at < 4; at++) words[at] = (this.#groups[2 * at]! << 16) | this.#groups[2 * at + 1]!;
    this.family = 6;
    if (words[0] === 0 && words[1] === 0 && words[2] === 0xffff) {
      words[0] = words[3]!;
      this.family = 4;
    }
    return true;
  }

  #readGroups(text: string): boolean {
    const groups = this.#groups;
    const zone = text.indexOf('%');
    const end = zone === -1 ? text.length : zone;
    let count = 0;
    let gap = -1;
    for (let at = 0; at < end; ) {
      if (text.charCodeAt(at) === COLON) {
        if (gap !== -1 || (at === 0 && text.charCodeAt(1) !== COLON)) return false;
        gap = count;
        at += at === 0 ? 2 : 1;
        continue;
      }
      if (count > 7) return false;
      const colon = text.indexOf(':', at);
      const to = colon === -1 || colon > end ? end : colon;
      if (to === end && text.slice(at, end).includes('.')) {
        const tail = readIp4(text, at, end);
        if (tail < 0 || count > 6) return false;
        groups[count++] = tail >>> 16;
        groups[count++] = tail & 0xffff;
        break;
      }
      const value = readGroup(text, at, to);
      if (value < 0 || to === end - 1) return false;
      groups[count++] = value;
      at = to + 1;
    }
    return widen(groups, count, gap);
  }

  /** The address that stands in `words` as its bytes, one a char: 4 or 16 of them. */
  bytes(): string {
    let bytes = '';
    for (let at = 0; at < (this.family === 4 ? 1 : 4); at++) {
      const word = this.words[at]!;
      bytes += String.fromCharCode(word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255);
    }
    return bytes;
  }

  /** The address that stands in `words`, in its usual form (RFC 5952). */
  format(): string {
    return this.family === 4 ? formatIp4(this.words[0]!) : formatIp6(this.words);
  }
}

/** Moves what stands after `::` to the end. @returns false when there are too few or too many groups */
function widen(groups: Uint16Array, count: number, gap: number): boolean {
  if (gap === -1) return count === 8;
  if (count > 7) return false;
  const after = count - gap;
  groups.copyWithin(8 - after, gap, count);
  groups.fill(0, gap, 8 - after);
  return true;
}

/** @returns the address as a number, or -1 */
function readIp4(text: string, from: number, to: number): number {
  let address = 0;
  let dots = 0;
  let octet = -1;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code >= ZERO && code <= NINE) {
      octet = Math.max(octet, 0) * 10 + code - ZERO;
      if (octet > 255) return -1;
    } else if (code === DOT && octet >= 0 && dots < 3) {
      address = address * 256 + octet;
      octet = -1;
      dots++;
    } else return -1;
  }
  return dots === 3 && octet >= 0 ? address * 256 + octet : -1;
}

/** @returns up to four hexadecimal digits as a number, or -1 */
function readGroup(text: string, from: number, to: number): number {
  if (to === from || to - from > 4) return -1;
  let value = 0;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    const letter = code | 32;
    if (code >= ZERO && code <= NINE) value = value * 16 + code - ZERO;
    else if (letter >= 97 && letter <= 102) value = value * 16 + letter - 87;
    else return -1;
  }
  return value;
}

function formatIp4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

function formatIp6(words: Uint32Array): string {
  const groups = Uint16Array.from({ length: 8 }, (_, at) => words[at >> 1]! >>> (at & 1 ? 0 : 16));
  const texts = Array.from(groups, group => group.toString(16));
  let best = { at: 0, length: 1 };
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (groups[at + length] === 0) length++;
    if (length > best.length) best = { at, length };
  }
  if (best.length === 1) return texts.join(':');
  return `${texts.slice(0, best.at).join(':')}::${texts.slice(best.at + best.length).join(':')}`;
}
