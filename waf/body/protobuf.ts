/** Protocol Buffers without a schema: what may be text in a message, named by the numbers of its fields. */

/** The body is no such message, or cannot be looked into. */
export class ProtobufFault extends Error {
  override readonly name = 'ProtobufFault';
}

export interface ProtobufTarget {
  /** @param name `1.3`: field 3 of the message in field 1 @returns false when there may be no more */
  argument(name: string, value: string): boolean;
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const GROUP = 3;
const GROUP_END = 4;
const FIXED32 = 5;
const MOST_DEPTH = 32;
/** What is told in all, by the length of the message: bytes within messages within messages are told once for each. */
const MOST_TOLD = 4;

interface Field {
  readonly number: number;
  /** Of a field of bytes; undefined for numbers. */
  readonly bytes: string | undefined;
}

/** Fields in order; `hides` says whether bytes stand in it that no field of bytes shows. */
interface Message {
  readonly fields: readonly Field[];
  readonly hides: boolean;
}

/**
 * Tells of each field of bytes: of its text, of what it holds where it reads as a message, and of both where that is not
 * certain, for what one reader takes for a message another one takes for a text. O(length × depth), and bounded.
 *
 * @param message one char a byte
 * @throws {ProtobufFault}
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export function readProtobuf(message: string, prefix: string, target: ProtobufTarget): void {
  const whole = readMessage(message);
  if (!whole) throw new ProtobufFault('it is no message of Protocol Buffers');
  new Teller(message.length * MOST_TOLD, target).tell(whole, prefix, 1);
}

class Teller {
  #leftBytes: number;
  readonly #target: ProtobufTarget;

  constructor(mostBytes: number, target: ProtobufTarget) {
    this.#leftBytes = mostBytes;
    this.#target = target;
  }

  tell({ fields }: Message, prefix: string, depth: number): void {
    for (const { number, bytes } of fields) {
      if (bytes === undefined || bytes === '') continue;
      const name = prefix === '' ? String(number) : `${prefix}.${number}`;
      const inner = depth < MOST_DEPTH ? readMessage(bytes) : undefined;
      const isPlain = isText(bytes);
      if (isPlain || !inner || inner.hides) this.#say(name, isPlain ? bytes : bytes.replace(CONTROLS, ' '));
      if (inner) this.tell(inner, name, depth + 1);
    }
  }

  #say(name: string, value: string): void {
    this.#leftBytes -= value.length;
    if (this.#leftBytes < 0) throw new ProtobufFault('its messages lie within each other too often');
    this.#target.argument(name, value);
  }
}

const CONTROLS = /[\0-\x08\x0e-\x1f\x7f]/g;
const isText = (bytes: string): boolean => bytes.search(CONTROLS) < 0;

/** @returns undefined for what is no message */
function readMessage(bytes: string): Message | undefined {
  const fields: Field[] = [];
  const groups: number[] = [];
  let hides = false;
  for (let at = 0; at < bytes.length; ) {
    const [key, from] = readVarint(bytes, at);
    const number = Math.floor(key / 8);
    if (from === 0 || number < 1 || number > 0x1fffffff) return undefined;
    at = from;
    switch (key % 8) {
      case VARINT:
        at = readVarint(bytes, at)[1];
        if (at === 0) return undefined;
        break;
      case FIXED64:
        at += 8;
        hides = true;
        break;
      case FIXED32:
        at += 4;
        hides = true;
        break;
      case GROUP:
        groups.push(number);
        hides = true;
        break;
      case GROUP_END:
        if (groups.pop() !== number) return undefined;
        break;
      case BYTES: {
        const [length, start] = readVarint(bytes, at);
        if (start === 0 || start + length > bytes.length) return undefined;
        fields.push({ number, bytes: bytes.slice(start, start + length) });
        at = start + length;
        break;
      }
      default:
        return undefined;
    }
    if (at > bytes.length) return undefined;
  }
  return groups.length === 0 ? { fields, hides } : undefined;
}

/** @returns the number and where it ended; 0 where there is none */
function readVarint(bytes: string, from: number): [value: number, end: number] {
  let value = 0;
  for (let at = from, scale = 1; at < bytes.length && at < from + 10; at++, scale *= 128) {
    const byte = bytes.charCodeAt(at);
    value += (byte & 127) * scale;
    if (byte < 128) return [value, at + 1];
  }
  return [0, 0];
}
