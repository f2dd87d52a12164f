/** Structs as the kernel side has them: a list of fields with their places, and bytes made of values and read from them. */

/** Of the machine's order, of the wire's order (`be`), or bytes as they are. */
export type FieldKind = 'u8' | 'u16' | 'u32' | 'u64' | 'be16' | 'be32' | number | Struct;
export type Fields = Readonly<Record<string, readonly [offset: number, kind: FieldKind]>>;

export interface Struct {
  readonly size: number;
  readonly fields: Fields;
}

/** A number; a bigint for u64; bytes; the values of a struct within. What is left out is zero. */
export type Value = number | bigint | Uint8Array | Values;
export type Values = { readonly [field: string]: Value | undefined };

const WIDTHS = { u8: 1, u16: 2, u32: 4, u64: 8, be16: 2, be32: 4 } as const;

export const widthOf = (kind: FieldKind): number =>
  typeof kind === 'number' ? kind : typeof kind === 'object' ? kind.size : WIDTHS[kind];

/** @throws {RangeError} if a value has no field, or does not fit into it */
export function encode(
  struct: Struct,
  values: Values,
  into: Uint8Array = new Uint8Array(struct.size),
  at = 0,
): Uint8Array {
  const view = new DataView(into.buffer, into.byteOffset);
  for (const [name, value] of Object.entries(values)) {
    const field = struct.fields[name];
    if (!field) throw new RangeError(`Cannot encode ${name}: there is no such field`);
    if (value !== undefined) writeField(view, into, at + field[0], field[1], value, name);
  }
  return into;
}

function writeField(
  view: DataView,
  into: Uint8Array,
  at: number,
  kind: FieldKind,
  value: Value,
  name: string,
): void {
  if (typeof kind === 'object') {
    encode(kind, value as Values, into, at);
    return;
  }
  if (typeof kind === 'number') {
    const bytes = value as Uint8Array;
    if (bytes.length !== kind)
      throw new RangeError(`Cannot encode ${name}: it has ${kind} bytes, not ${bytes.length}`);
    into.set(bytes, at);
    return;
  }
  const number = BigInt(value as number | bigint);
  if (number < 0n || number >= 1n << BigInt(8 * WIDTHS[kind]))
    throw new RangeError(`Cannot encode ${name}: ${number} does not fit into ${kind}`);
  writeNumber(view, at, kind, number);
}

function writeNumber(view: DataView, at: number, kind: keyof typeof WIDTHS, value: bigint): void {
  const isLittle = !kind.startsWith('be');
  switch (WIDTHS[kind]) {
    case 1:
      return view.setUint8(at, Number(value));
    case 2:
      return view.setUint16(at, Number(value), isLittle);
    case 4:
      return view.setUint32(at, Number(value), isLittle);
    default:
      return view.setBigUint64(at, value, isLittle);
  }
}

/** A number at a field of a struct that begins at `at`; of u64 the nearest double. */
export function readNumber(struct: Struct, bytes: Uint8Array, name: string, at = 0): number {
  const [offset, kind] = struct.fields[name]!;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at + offset, widthOf(kind));
  switch (kind) {
    case 'u8':
      return view.getUint8(0);
    case 'u16':
    case 'be16':
      return view.getUint16(0, kind === 'u16');
    case 'u32':
    case 'be32':
      return view.getUint32(0, kind === 'u32');
    case 'u64':
      return Number(view.getBigUint64(0, true));
    default:
      throw new RangeError(`Cannot read ${name} as a number`);
  }
}

/** The bytes of a field: a view. */
export function readBytes(struct: Struct, bytes: Uint8Array, name: string, at = 0): Uint8Array {
  const [offset, kind] = struct.fields[name]!;
  return bytes.subarray(at + offset, at + offset + widthOf(kind));
}
