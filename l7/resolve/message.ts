/** DNS messages (RFC 1035): a question written, an answer read. */

export const RECORD_TYPE = { A: 1, CNAME: 5, SOA: 6, AAAA: 28, SRV: 33 } as const;
export type Question = 'A' | 'AAAA' | 'SRV';

export interface ServiceRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** Lower case, without the last dot. */
  readonly target: string;
}

export type Resource = { readonly owner: string; readonly ttlS: number } & (
  | { readonly type: 'address'; readonly address: string; readonly of: 'A' | 'AAAA' }
  | { readonly type: 'alias'; readonly target: string }
  | { readonly type: 'service'; readonly service: ServiceRecord }
);

export interface Reply {
  readonly id: number;
  /** RCODE: 0 is success, 2 a failure of the server, 3 says that there is no such name. */
  readonly code: number;
  /** The rest did not fit: ask again over TCP. */
  readonly truncated: boolean;
  readonly question: { readonly name: string; readonly type: number } | undefined;
  readonly answers: readonly Resource[];
  /** For how long it may be remembered that there is nothing (RFC 2308), in seconds. */
  readonly negativeS: number | undefined;
}

/** An answer that is no DNS message. */
export class MessageFault extends Error {}

const HEADER_BYTES = 12;
const FLAG = { response: 0x8000, truncated: 0x0200, recursionDesired: 0x0100 };
const CLASS_IN = 1;
const MOST_NAME_BYTES = 255;
/** More pointers than any honest name needs. */
const MOST_POINTERS = 32;

/** Whether a text can be asked for: dots between labels of letters, digits, hyphens and underscores. */
export function isHostName(name: string): boolean {
  return name.length > 0 && name.length < 254 && /^[\w-]{1,63}(?:\.[\w-]{1,63})*\.?$/.test(name);
}

/** @param name a host name, see isHostName() @param id 0..65535 */
export function writeQuestion(id: number, name: string, type: Question): Buffer {
  const labels = name.replace(/\.$/, '').split('.');
  const length = labels.reduce((sum, label) => sum + 1 + label.length, 1);
  const message = Buffer.alloc(HEADER_BYTES + length + 4);
  message.writeUInt16BE(id, 0);
  message.writeUInt16BE(FLAG.recursionDesired, 2);
  message.writeUInt16BE(1, 4);
  let at = HEADER_BYTES;
  for (const label of labels) {
    message[at++] = label.length;
    at += message.write(label, at, 'latin1');
  }
  message.writeUInt16BE(RECORD_TYPE[type], at + 1);
  message.writeUInt16BE(CLASS_IN, at + 3);
  return message;
}

/** @throws {MessageFault} when the bytes are no whole message */
export function readReply(message: Buffer): Reply {
  try {
    return new Reader(message).reply();
  } catch (error) {
    if (error instanceof MessageFault) throw error;
    throw new MessageFault('the message ends too soon'); // a read past its end
  }
}

class Reader {
  readonly #bytes: Buffer;
  #at = HEADER_BYTES;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  reply(): Reply {
    const flags = this.#bytes.readUInt16BE(2);
    if (!(flags & FLAG.response)) throw new MessageFault('the message is no answer');
    const [questions, answers, authorities] = [4, 6, 8].map(at => this.#bytes.readUInt16BE(at)) as [
      number,
      number,
      number,
    ];
    const question = questions === 1 ? this.#question() : undefined;
    const records = this.#records(answers);
    return {
      id: this.#bytes.readUInt16BE(0),
      code: flags & 0xf,
      truncated: (flags & FLAG.truncated) !== 0,
      question,
      answers: records.filter(record => typeof record !== 'number'),
      negativeS:
        flags & FLAG.truncated ? undefined : this.#records(authorities).find(n => typeof n === 'number'),
    };
  }

  #question(): NonNullable<Reply['question']> {
    const name = this.#name();
    const type = this.#uint16();
    this.#uint16();
    return { name, type };
  }

  /** Of an SOA record only the time for which its absence of others holds. */
  #records(count: number): (Resource | number)[] {
    const records: (Resource | number)[] = [];
    for (let n = 0; n < count; n++) {
      const record = this.#record();
      if (record !== undefined) records.push(record);
    }
    return records;
  }

  #record(): Resource | number | undefined {
    const owner = this.#name();
    const type = this.#uint16();
    const sort = this.#uint16();
    // The highest bit is no part of the time (RFC 2181 §8).
    const ttlS = Math.max(0, this.#uint32() | 0);
    const length = this.#uint16();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new MessageFault('a record ends behind the message');
    const data = sort === CLASS_IN ? this.#data(type, length, owner, ttlS) : undefined;
    this.#at = end;
    return data;
  }

  #data(type: number, length: number, owner: string, ttlS: number): Resource | number | undefined {
    switch (type) {
      case RECORD_TYPE.A:
        if (length !== 4) throw new MessageFault('an A record is not of 4 bytes');
        return { owner, ttlS, type: 'address', of: 'A', address: this.#take(4).join('.') };
      case RECORD_TYPE.AAAA:
        if (length !== 16) throw new MessageFault('an AAAA record is not of 16 bytes');
        return { owner, ttlS, type: 'address', of: 'AAAA', address: ipv6Text(this.#take(16)) };
      case RECORD_TYPE.CNAME:
        return { owner, ttlS, type: 'alias', target: this.#name() };
      case RECORD_TYPE.SRV:
        return { owner, ttlS, type: 'service', service: this.#service() };
      case RECORD_TYPE.SOA: {
        this.#name();
        this.#name();
        this.#take(16);
        return Math.min(ttlS, this.#uint32());
      }
      default:
        return undefined;
    }
  }

  #service(): ServiceRecord {
    const [priority, weight, port] = [this.#uint16(), this.#uint16(), this.#uint16()];
    return { priority, weight, port, target: this.#name() };
  }

  /** Lower case, without the last dot; '' is the root. */
  #name(): string {
    const labels: string[] = [];
    let at = this.#at;
    let jumps = 0;
    let bytes = 0;
    for (;;) {
      const length = this.#bytes.readUInt8(at);
      if (length === 0) break;
      if (length >= 0xc0) {
        if (++jumps > MOST_POINTERS) throw new MessageFault('a name is a circle of pointers');
        if (jumps === 1) this.#at = at + 2;
        at = this.#bytes.readUInt16BE(at) & 0x3fff;
        continue;
      }
      if (length > 63) throw new MessageFault('a label has an unknown form');
      bytes += length + 1;
      if (bytes > MOST_NAME_BYTES || at + 1 + length > this.#bytes.length)
        throw new MessageFault('a name is too long');
      labels.push(this.#bytes.latin1Slice(at + 1, at + 1 + length).toLowerCase());
      at += length + 1;
    }
    if (jumps === 0) this.#at = at + 1;
    return labels.join('.');
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new MessageFault('the message ends too soon');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  #uint16(): number {
    this.#at += 2;
    return this.#bytes.readUInt16BE(this.#at - 2);
  }

  #uint32(): number {
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }
}

/** The longest run of zeros, of two or more, becomes `::` (RFC 5952). */
function ipv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, n) => bytes.readUInt16BE(2 * n).toString(16));
  const runs = [...groups.join(':').matchAll(/(?<![\da-f])0(?::0)+(?![\da-f])/g)];
  const longest = runs.reduce<string>((best, [run]) => (run.length > best.length ? run : best), '');
  const text = groups.join(':');
  if (longest === '') return text;
  const at = runs.find(([run]) => run === longest)!.index;
  const [head, tail] = [
    text.slice(0, at).replace(/:$/, ''),
    text.slice(at + longest.length).replace(/^:/, ''),
  ];
  return `${head}::${tail}`;
}
