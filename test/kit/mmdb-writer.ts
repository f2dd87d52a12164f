/** Writes small databases in MaxMind's format, for tests. */
import { IpReader } from '#kit/ip.ts';

export type MmdbValue =
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | readonly MmdbValue[]
  | { readonly [name: string]: MmdbValue }
  /** `int32`, `float`, `uint16` and the like, where JavaScript has one kind of numbers. */
  | Typed;

export class Typed {
  readonly type: 'float' | 'int32' | 'uint16' | 'uint32' | 'double' | 'uint128';
  readonly value: number | bigint;

  constructor(type: Typed['type'], value: number | bigint) {
    this.type = type;
    this.value = value;
  }
}

export interface MmdbOptions {
  readonly recordBits?: 24 | 28 | 32;
  readonly ipVersion?: 4 | 6;
  readonly type?: string;
  readonly builtS?: number;
}

type Node = [left: Branch, right: Branch];
/** A node, a value, or nothing. */
type Branch = Node | { readonly value: MmdbValue } | undefined;

/** @param entries network (`192.0.2.0/24`) → what is known of it; later ones lie within earlier ones, or beside them */
export function mmdb(
  entries: Readonly<Record<string, MmdbValue>>,
  { recordBits = 24, ipVersion = 6, type = 'Test', builtS = 1_700_000_000 }: MmdbOptions = {},
): Buffer {
  const root: Node = [undefined, undefined];
  for (const [network, value] of Object.entries(entries)) put(root, network, value, ipVersion);
  const nodes: Node[] = [];
  const number = new Map<Node, number>();
  const visit = (node: Node): void => {
    number.set(node, nodes.length);
    nodes.push(node);
    for (const branch of node) if (Array.isArray(branch)) visit(branch as Node);
  };
  visit(root);
  const data = new DataWriter();
  const places = new Map<MmdbValue, number>();
  const recordOf = (branch: Branch): number => {
    if (branch === undefined) return nodes.length;
    if (Array.isArray(branch)) return number.get(branch as Node)!;
    const { value } = branch as { value: MmdbValue };
    const place = places.get(value) ?? data.length;
    if (!places.has(value)) data.write(value);
    places.set(value, place);
    return nodes.length + 16 + place;
  };
  const tree = nodes.map(([left, right]) => nodeBytes(recordOf(left), recordOf(right), recordBits));
  const metadata = new DataWriter();
  metadata.write({
    binary_format_major_version: new Typed('uint16', 2),
    binary_format_minor_version: new Typed('uint16', 0),
    build_epoch: BigInt(builtS),
    database_type: type,
    description: { en: 'made by a test' },
    ip_version: new Typed('uint16', ipVersion),
    languages: ['en'],
    node_count: new Typed('uint32', nodes.length),
    record_size: new Typed('uint16', recordBits),
  });
  return Buffer.concat([
    ...tree,
    Buffer.alloc(16),
    data.bytes(),
    Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'),
    metadata.bytes(),
  ]);
}

function put(root: Node, network: string, value: MmdbValue, ipVersion: 4 | 6): void {
  const [address = '', bits = ''] = network.split('/');
  const reader = new IpReader();
  if (!reader.read(address)) throw new RangeError(`${address} is no address`);
  const isIp4 = reader.family === 4;
  const path = [...reader.words.subarray(0, isIp4 ? 1 : 4)]
    .flatMap(word => Array.from({ length: 32 }, (_, bit) => (word >>> (31 - bit)) & 1))
    .slice(0, Number(bits));
  const steps = isIp4 && ipVersion === 6 ? [...Array.from({ length: 96 }, () => 0), ...path] : path;
  let node = root;
  for (const [at, side] of steps.entries()) {
    if (at === steps.length - 1) {
      node[side] = { value };
      return;
    }
    const next = node[side];
    if (!Array.isArray(next)) node[side] = [next, next]; // a wider network goes on beside the narrower one
    node = node[side] as Node;
  }
}

function nodeBytes(left: number, right: number, bits: 24 | 28 | 32): Buffer {
  const bytes = Buffer.alloc(bits / 4);
  if (bits === 28) {
    bytes.writeUIntBE(left & 0xffffff, 0, 3);
    bytes[3] = ((left >>> 24) << 4) | (right >>> 24);
    bytes.writeUIntBE(right & 0xffffff, 4, 3);
  } else {
    bytes.writeUIntBE(left, 0, bits / 8);
    bytes.writeUIntBE(right, bits / 8, bits / 8);
  }
  return bytes;
}

/** Texts that stood before are pointed to, as real databases do. */
class DataWriter {
  readonly #parts: Buffer[] = [];
  readonly #texts = new Map<string, number>();
  length = 0;

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  write(value: MmdbValue): void {
    if (typeof value === 'string') this.#text(value);
    else if (typeof value === 'number') this.#fixed(3, 8, buffer => buffer.writeDoubleBE(value));
    else if (typeof value === 'bigint') this.#integer(9, value);
    else if (typeof value === 'boolean') this.#head(14, value ? 1 : 0);
    else if (value instanceof Typed) this.#typed(value);
    else if (value instanceof Uint8Array) {
      this.#head(4, value.length);
      this.#push(Buffer.from(value));
    } else if (Array.isArray(value)) {
      this.#head(11, value.length);
      for (const one of value) this.write(one);
    } else {
      const entries = Object.entries(value);
      this.#head(7, entries.length);
      for (const [name, inside] of entries) {
        this.#text(name);
        this.write(inside);
      }
    }
  }

  #typed({ type, value }: Typed): void {
    if (type === 'float') this.#fixed(15, 4, buffer => buffer.writeFloatBE(Number(value)));
    else if (type === 'double') this.#fixed(3, 8, buffer => buffer.writeDoubleBE(Number(value)));
    else if (type === 'int32') this.#fixed(8, 4, buffer => buffer.writeInt32BE(Number(value)));
    else this.#integer({ uint16: 5, uint32: 6, uint128: 10 }[type], BigInt(value));
  }

  #text(text: string): void {
    const known = this.#texts.get(text);
    if (known !== undefined && text.length > 3) return this.#pointer(known);
    this.#texts.set(text, this.length);
    const bytes = Buffer.from(text, 'utf8');
    this.#head(2, bytes.length);
    this.#push(bytes);
  }

  #pointer(to: number): void {
    if (to < 2048) this.#push(Buffer.from([0x20 | (to >>> 8), to & 0xff]));
    else {
      const rest = to - 2048;
      this.#push(Buffer.from([0x28 | (rest >>> 16), (rest >>> 8) & 0xff, rest & 0xff]));
    }
  }

  #integer(type: number, value: bigint): void {
    const hex = value === 0n ? '' : value.toString(16);
    const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
    this.#head(type, bytes.length);
    this.#push(bytes);
  }

  #fixed(type: number, length: number, fill: (buffer: Buffer) => void): void {
    const bytes = Buffer.alloc(length);
    fill(bytes);
    this.#head(type, length);
    this.#push(bytes);
  }

  #head(type: number, size: number): void {
    const extra = size < 29 ? [] : size < 285 ? [size - 29] : [(size - 285) >>> 8, (size - 285) & 0xff];
    const low = size < 29 ? size : 28 + extra.length;
    this.#push(Buffer.from(type <= 7 ? [(type << 5) | low, ...extra] : [low, type - 7, ...extra]));
  }

  #push(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.length += bytes.length;
  }
}
