/** The values of a database in MaxMind's format, of which only those on the way to the wanted one are read. */

/** What is wrong with a database: completes "cannot read FILE: ". */
export class MmdbFault extends Error {
  override readonly name = 'MmdbFault';
}

const TYPE = {
  pointer: 1,
  string: 2,
  double: 3,
  bytes: 4,
  uint16: 5,
  uint32: 6,
  map: 7,
  int32: 8,
  uint64: 9,
  uint128: 10,
  array: 11,
  boolean: 14,
  float: 15,
} as const;

/** Maps within maps; databases have five. */
const MOST_LEVELS = 32;
/** Entries of a map that are passed over on the way to one of them; a pointer costs one step, whatever lies behind it. */
const MOST_STEPS = 100_000;

interface Head {
  readonly type: number;
  /** Bytes, or entries; of a pointer where it leads. */
  readonly size: number;
  /** Where the content begins. */
  readonly at: number;
}

export class MmdbValues {
  readonly #bytes: Buffer;
  /** Where pointers count from. */
  readonly #start: number;
  readonly #end: number;
  #steps = 0;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#start = start;
    this.#end = end;
  }

  /** @param at from the start of the values @throws {MmdbFault} */
  text(at: number, path: readonly string[]): string | undefined {
    this.#steps = 0;
    let head = this.#resolve(this.#start + at);
    for (const name of path) {
      const next =
        head.type === TYPE.map
          ? this.#inMap(head, name)
          : head.type === TYPE.array
            ? this.#inArray(head, name)
            : undefined;
      if (next === undefined) return undefined;
      head = this.#resolve(next);
    }
    return this.#scalar(head);
  }

  #inMap({ size, at }: Head, name: string): number | undefined {
    let place = at;
    for (let left = size; left > 0; left--) {
      const key = this.#resolve(place);
      if (key.type !== TYPE.string) throw new MmdbFault('a name in it is no text');
      place = this.#after(place, 0);
      if (this.#latin1(key) === name) return place;
      place = this.#after(place, 0);
    }
    return undefined;
  }

  #inArray({ size, at }: Head, name: string): number | undefined {
    const index = /^\d{1,6}$/.test(name) ? Number(name) : size;
    if (index >= size) return undefined;
    let place = at;
    for (let left = index; left > 0; left--) place = this.#after(place, 0);
    return place;
  }

  /** Where the value after this one begins. */
  #after(place: number, level: number): number {
    if (++this.#steps > MOST_STEPS || level > MOST_LEVELS) throw new MmdbFault('its values are too many');
    const { type, size, at } = this.#head(place);
    if (type === TYPE.pointer || type === TYPE.boolean) return at;
    if (type !== TYPE.map && type !== TYPE.array) return at + size;
    let next = at;
    for (let left = type === TYPE.map ? 2 * size : size; left > 0; left--)
      next = this.#after(next, level + 1);
    return next;
  }

  /** The value itself where a pointer stands for it. A pointer to a pointer is not allowed. */
  #resolve(place: number): Head {
    const head = this.#head(place);
    if (head.type !== TYPE.pointer) return head;
    const target = this.#head(this.#start + head.size);
    if (target.type === TYPE.pointer) throw new MmdbFault('a pointer in it leads to a pointer');
    return target;
  }

  #head(place: number): Head {
    const bytes = this.#bytes;
    if (place < this.#start || place >= this.#end) throw new MmdbFault('something in it points outside');
    const control = bytes[place]!;
    const short = control >>> 5;
    if (short === TYPE.pointer) return this.#pointer(control, place + 1);
    let at = place + 1;
    const type = short === 0 ? 7 + bytes[at++]! : short;
    const low = control & 31;
    if (low < 29) return this.#checked(type, low, at);
    const extra = low - 28;
    if (at + extra > this.#end) throw new MmdbFault('it ends within a value');
    const size = [29, 285, 65_821][extra - 1]! + bytes.readUIntBE(at, extra);
    return this.#checked(type, size, at + extra);
  }

  #checked(type: number, size: number, at: number): Head {
    const length = type === TYPE.boolean || type === TYPE.map || type === TYPE.array ? 0 : size;
    if (at + length > this.#end) throw new MmdbFault('it ends within a value');
    return { type, size, at };
  }

  #pointer(control: number, at: number): Head {
    const extra = (control >>> 3) & 3;
    if (at + extra + 1 > this.#end) throw new MmdbFault('it ends within a pointer');
    const low = this.#bytes.readUIntBE(at, extra + 1);
    const high = (control & 7) * 2 ** (8 * (extra + 1));
    const size = extra === 3 ? low : high + low + [0, 2048, 526_336][extra]!;
    return { type: TYPE.pointer, size, at: at + extra + 1 };
  }

  #latin1({ at, size }: Head): string {
    return this.#bytes.latin1Slice(at, at + size);
  }

  /** As nginx's geoip2 module writes them. */
  #scalar(head: Head): string | undefined {
    const { type, size, at } = head;
    const bytes = this.#bytes;
    switch (type) {
      case TYPE.string:
      case TYPE.bytes:
        return this.#latin1(head);
      case TYPE.double:
        return size === 8 ? bytes.readDoubleBE(at).toFixed(5) : undefined;
      case TYPE.float:
        return size === 4 ? bytes.readFloatBE(at).toFixed(5) : undefined;
      case TYPE.uint16:
      case TYPE.uint32:
      case TYPE.uint64:
      case TYPE.uint128:
        return BigInt(`0x${bytes.toString('hex', at, at + Math.min(size, 16)) || '0'}`).toString();
      case TYPE.int32:
        if (size > 4) return undefined;
        return String(size === 4 ? bytes.readInt32BE(at) : size === 0 ? 0 : bytes.readUIntBE(at, size));
      case TYPE.boolean:
        return String(size);
      default:
        return undefined;
    }
  }
}
