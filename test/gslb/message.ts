/** Messages of DNS for tests: written as a client may write them, and read without the code that is tested. */

export const TYPES = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  HINFO: 13,
  TXT: 16,
  AAAA: 28,
  DS: 43,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

export interface Asked {
  readonly name: string;
  readonly type: number;
  readonly id?: number;
  readonly flags?: number;
  readonly klass?: number;
  /** Undefined: no OPT record. */
  readonly edns?: {
    readonly bytes?: number;
    readonly version?: number;
    readonly flags?: number;
    readonly options?: readonly Buffer[];
  };
}

const pair = (number: number) => Buffer.from([number >> 8, number & 255]);

export function query({ name, type, id = 0x4d4f, flags = 0x0100, klass = 1, edns }: Asked): Buffer {
  const labels =
    name === ''
      ? []
      : name.split('.').map(label => Buffer.from(String.fromCharCode(label.length) + label, 'latin1'));
  const head = Buffer.concat([pair(id), pair(flags), pair(1), pair(0), pair(0), pair(edns ? 1 : 0)]);
  return Buffer.concat([
    head,
    ...labels,
    Buffer.from([0]),
    pair(type),
    pair(klass),
    ...(edns ? [opt(edns)] : []),
  ]);
}

function opt({ bytes = 1232, version = 0, flags = 0, options = [] }: NonNullable<Asked['edns']>): Buffer {
  const data = Buffer.concat(options);
  return Buffer.concat([
    Buffer.from([0, 0, 41]),
    pair(bytes),
    Buffer.from([0, version]),
    pair(flags),
    pair(data.length),
    data,
  ]);
}

export const option = (code: number, ...bytes: number[]): Buffer =>
  Buffer.concat([pair(code), pair(bytes.length), Buffer.from(bytes)]);

export interface Told {
  readonly id: number;
  readonly rcode: number;
  /** Of these: aa, tc, rd, ra. */
  readonly flags: readonly string[];
  readonly opcode: number;
  /** As it came, with its case. */
  readonly question: string | undefined;
  /** `name type ttl data`, in the order of the message. */
  readonly answers: readonly string[];
  readonly authorities: readonly string[];
  readonly additionals: readonly string[];
  /** Of the OPT record: size, upper bits of the code, version, flags, options. */
  readonly edns:
    | {
        readonly bytes: number;
        readonly extended: number;
        readonly version: number;
        readonly flags: number;
        readonly options: string;
      }
    | undefined;
}

/** @throws {Error} unless the message is sound to its last byte */
export function told(bytes: Buffer): Told {
  const flags = bytes.readUInt16BE(2);
  if ((flags & 0x8000) === 0) throw new Error('it is no answer');
  const reader = new Reader(bytes);
  const counts = [4, 6, 8, 10].map(at => bytes.readUInt16BE(at));
  const question = counts[0] === 1 ? `${reader.name()} ${reader.number(2)} ${reader.number(2)}` : undefined;
  let edns: Told['edns'];
  const section = (count: number): string[] =>
    Array.from({ length: count }, () => {
      const name = reader.name();
      const [type, klass, ttl, length] = [
        reader.number(2),
        reader.number(2),
        reader.number(4),
        reader.number(2),
      ];
      const data = reader.take(length);
      if (type !== 41) return `${name} ${type} ${ttl} ${data.toString('hex')}`;
      edns = {
        bytes: klass,
        extended: ttl >>> 24,
        version: (ttl >>> 16) & 255,
        flags: ttl & 0xffff,
        options: data.toString('hex'),
      };
      return 'OPT';
    });
  const [answers, authorities, additionals] = [section(counts[1]!), section(counts[2]!), section(counts[3]!)];
  if (reader.at !== bytes.length) throw new Error(`${bytes.length - reader.at} bytes are left over`);
  return {
    id: bytes.readUInt16BE(0),
    rcode: flags & 15,
    opcode: (flags >> 11) & 15,
    flags: (['aa', 'tc', 'rd', 'ra'] as const).filter((_, at) => (flags & (0x0400 >> at)) !== 0),
    ...{ question, answers, authorities, additionals: additionals.filter(one => one !== 'OPT'), edns },
  };
}

class Reader {
  readonly #bytes: Buffer;
  at = 12;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  take(length: number): Buffer {
    const end = this.at + length;
    if (end > this.#bytes.length) throw new Error('it ends too early');
    const piece = this.#bytes.subarray(this.at, end);
    this.at = end;
    return piece;
  }

  number(length: number): number {
    return this.take(length).readUIntBE(0, length);
  }

  name(): string {
    const labels: string[] = [];
    for (;;) {
      const length = this.number(1);
      if (length === 0) return labels.join('.');
      if (length >= 0xc0) {
        const back = this.at + 1;
        this.at = ((length & 0x3f) << 8) | this.number(1);
        labels.push(this.name());
        this.at = back;
        return labels.join('.');
      }
      labels.push(this.take(length).toString('latin1'));
    }
  }
}
