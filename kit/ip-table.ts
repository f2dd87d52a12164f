/** Values by address: ranges of addresses painted one over the other, then found by binary search. */
import { type Cidr, maskOf, UNIX_CIDR } from './cidr.ts';
import { IpReader } from './ip.ts';
import { paint, type Span } from './paint.ts';

/** Addresses from the first to the last, both included, of one family. */
export interface IpRange<V> {
  readonly first: string;
  readonly last: string;
  readonly value: V;
}

/** @throws {RangeError} when the address of the network is none */
export function rangeOf<V>({ address, bits }: Cidr, value: V): IpRange<V> {
  if (address === UNIX) return { first: UNIX, last: UNIX, value };
  const reader = readerOf(address);
  for (let at = 0; at < (reader.family === 4 ? 1 : 4); at++)
    reader.words[at] = reader.words[at]! | ~maskOf(bits, at);
  return { first: address, last: reader.format(), value };
}

const UNIX = UNIX_CIDR.address;

function readerOf(address: string): IpReader {
  const reader = new IpReader();
  if (!reader.read(address)) throw new RangeError(`Cannot read "${address}": it is no address`);
  return reader;
}

/** Never changes; finding costs O(log n) and allocates nothing. */
export class IpTable<V> {
  readonly #reader = new IpReader();
  readonly #ip4: Segments<V>;
  readonly #ip6: Segments<V>;
  readonly #unix: V | undefined;

  /**
   * @param ranges where they overlap, the later one holds
   * @throws {RangeError} when a first or last address is none
   */
  constructor(ranges: readonly IpRange<V>[]) {
    const spans: { [family: number]: Span<V>[] } = { 4: [], 6: [] };
    for (const { first, last, value } of ranges) {
      if (first === UNIX) this.#unix = value;
      else {
        const from = readerOf(first);
        spans[from.family]!.push({ from: numberOf(from), to: numberOf(readerOf(last)), value });
      }
    }
    this.#ip4 = new Segments(spans[4]!, 1);
    this.#ip6 = new Segments(spans[6]!, 4);
  }

  /** For networks of which the narrowest holds. */
  static ofNetworks<V>(networks: readonly { readonly network: Cidr; readonly value: V }[]): IpTable<V> {
    const wideFirst = networks.toSorted((a, b) => a.network.bits - b.network.bits);
    return new IpTable(wideFirst.map(({ network, value }) => rangeOf(network, value)));
  }

  /** For rules of which the first that fits holds. */
  static ofRules<V>(rules: readonly { readonly network: Cidr; readonly value: V }[]): IpTable<V> {
    return new IpTable(rules.map(({ network, value }) => rangeOf(network, value)).reverse());
  }

  /**
   * @param address a text, or `unix:` for a client of a Unix socket
   * @param elsewhere the value of a text that is neither, and of Unix sockets when they have none
   */
  find(address: string, elsewhere?: V): V | undefined {
    const reader = this.#reader;
    if (!reader.read(address)) return (address.startsWith(UNIX) ? this.#unix : undefined) ?? elsewhere;
    return (reader.family === 4 ? this.#ip4 : this.#ip6).find(reader.words);
  }
}

function numberOf({ family, words }: IpReader): bigint {
  let number = 0n;
  for (let at = 0; at < (family === 4 ? 1 : 4); at++) number = (number << 32n) | BigInt(words[at]!);
  return number;
}

/** The whole address space of a family, cut where the value changes. */
class Segments<V> {
  /** First address of each segment, `#width` words each, rising. */
  readonly #starts: Uint32Array;
  readonly #values: readonly (V | undefined)[];
  readonly #width: number;

  constructor(spans: readonly Span<V>[], width: number) {
    const painted = paint(spans).filter(({ from }) => from < 1n << BigInt(32 * width));
    this.#width = width;
    this.#values = painted.map(({ value }) => value);
    this.#starts = new Uint32Array(painted.length * width);
    painted.forEach(({ from }, at) => {
      for (let word = 0; word < width; word++)
        this.#starts[at * width + word] = Number((from >> BigInt(32 * (width - 1 - word))) & 0xffffffffn);
    });
  }

  find(words: Uint32Array): V | undefined {
    let low = 0;
    let high = this.#values.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#isAfter(middle, words)) high = middle;
      else low = middle + 1;
    }
    return this.#values[low - 1];
  }

  #isAfter(segment: number, words: Uint32Array): boolean {
    const base = segment * this.#width;
    for (let at = 0; at < this.#width; at++) {
      const start = this.#starts[base + at]!;
      const word = words[at]!;
      if (start !== word) return start > word;
    }
    return false;
  }
}
