/** Reads databases in MaxMind's format: what is known of an address (https://maxmind.github.io/MaxMind-DB/). */
import { IpReader } from './ip.ts';
import { MmdbFault, MmdbValues } from './mmdb-values.ts';

export { MmdbFault } from './mmdb-values.ts';

/** Stands before the metadata, in the last 128 KiB of a file. */
const MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
const METADATA_BYTES = 128 << 10;
/** Zeros between the tree and what it points to. */
const SEPARATOR_BYTES = 16;
/** Bits of an IPv6 address before an IPv4 one: `::192.0.2.1`, where these databases have them. */
const IP4_AT_BIT = 96;

export class Mmdb {
  /** What it calls itself, as in `GeoLite2-Country`. */
  readonly type: string;
  /** Seconds since 1970. */
  readonly builtS: number;
  readonly #bytes: Uint8Array;
  readonly #nodes: number;
  /** Of both records of a node. */
  readonly #nodeBytes: number;
  readonly #isIp6: boolean;
  readonly #values: MmdbValues;
  readonly #ip4Start: number;
  readonly #reader = new IpReader();

  /**
   * @param bytes the whole file; kept, not copied
   * @throws {MmdbFault} when it is no such file
   */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const marker = view.lastIndexOf(MARKER);
    if (marker < Math.max(0, bytes.length - METADATA_BYTES))
      throw new MmdbFault('it is no database in the format of MaxMind (.mmdb)');
    const metadata = new MmdbValues(bytes, marker + MARKER.length, bytes.length);
    const number = (name: string) => Number(metadata.text(0, [name]));
    const [version, recordBits, nodes] = [
      number('binary_format_major_version'),
      number('record_size'),
      number('node_count'),
    ];
    if (version !== 2) throw new MmdbFault(`its format has version ${version}, not 2`);
    if (![24, 28, 32].includes(recordBits)) throw new MmdbFault(`its records have ${recordBits} bits`);
    const family = number('ip_version');
    if (family !== 4 && family !== 6) throw new MmdbFault(`its addresses are of version ${family}`);
    this.type = metadata.text(0, ['database_type']) ?? '';
    this.builtS = number('build_epoch') || 0;
    this.#nodes = nodes;
    this.#nodeBytes = recordBits / 4;
    this.#isIp6 = family === 6;
    const treeBytes = nodes * this.#nodeBytes;
    if (!(nodes >= 0) || treeBytes + SEPARATOR_BYTES > marker)
      throw new MmdbFault('it is shorter than it says: was it copied whole?');
    this.#values = new MmdbValues(bytes, treeBytes + SEPARATOR_BYTES, marker);
    this.#ip4Start = this.#isIp6 ? this.#walkZeros() : 0;
  }

  /**
   * @param address IPv4 or IPv6
   * @returns where the record stands, for `text()`; undefined when nothing is known, or it is no address
   * @throws {MmdbFault} when the tree is damaged
   */
  find(address: string): number | undefined {
    const reader = this.#reader;
    if (!reader.read(address)) return undefined;
    const isIp4 = reader.family === 4;
    if (!isIp4 && !this.#isIp6) return undefined;
    const bits = isIp4 ? 32 : 128;
    let node = isIp4 ? this.#ip4Start : 0;
    for (let bit = 0; bit < bits && node < this.#nodes; bit++)
      node = this.#child(node, (reader.words[bit >>> 5]! >>> (31 - (bit & 31))) & 1);
    if (node === this.#nodes) return undefined;
    if (node < this.#nodes) throw new MmdbFault('its tree is deeper than an address');
    return node - this.#nodes - SEPARATOR_BYTES;
  }

  /**
   * A single value of a record as a text of one char a byte; maps and arrays have none.
   *
   * @param record from `find()`
   * @param path names of maps, numbers of arrays: `['subdivisions', '0', 'iso_code']`
   * @throws {MmdbFault} when the file is damaged
   */
  text(record: number, path: readonly string[]): string | undefined {
    return this.#values.text(record, path);
  }

  #walkZeros(): number {
    let node = 0;
    for (let bit = 0; bit < IP4_AT_BIT && node < this.#nodes; bit++) node = this.#child(node, 0);
    return node;
  }

  #child(node: number, side: number): number {
    const bytes = this.#bytes;
    const at = node * this.#nodeBytes;
    switch (this.#nodeBytes) {
      case 6:
        return read24(bytes, at + 3 * side);
      case 7: {
        const middle = bytes[at + 3]!;
        const high = side === 0 ? middle >>> 4 : middle & 15;
        return high * 0x1000000 + read24(bytes, at + 4 * side);
      }
      default:
        return bytes[at + 4 * side]! * 0x1000000 + read24(bytes, at + 4 * side + 1);
    }
  }
}

const read24 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
