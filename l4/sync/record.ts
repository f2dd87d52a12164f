/**
 * One flow as directors tell it to each other: by addresses, for each has numbers of its own. In bytes:
 *
 * ```
 *  op 1 │ family 1 │ protocol 1 │ client 4|16 │ port 2 │ virtual 4|16 │ port 2                     op ENDS stops here
 *  state 1 │ mode 1 │ extras 1 │ idle in ms 4 │ real family 1 │ real server 4|16 │ port 2
 *  extras & POOLED:  source 4|16 (of the real server's family) │ port 2
 *  extras & SPLICED: 28 of struct splice, as it lies in the map
 *  at the end of a snapshot:  op 1 │ number of the wish 4
 *  of a real server:  op 1 │ family 1 │ protocol 1 │ virtual 4|16 │ port 2 │ its family 1 │ real server 4|16 │ port 2 │ alive 1 │
 *                     weight 4 │ turn 4
 * ```
 *
 * A template stands with the network of its client, client port 0, and one address and port of its service.
 */
import { isV4, mapped } from '../address.ts';

/** What a record says. */
export const OP = { lives: 1, ends: 2, template: 3, walked: 4, real: 5 } as const;
const EXTRA = { pooled: 1, spliced: 2 } as const;
const SPLICE_BYTES = 28;
/** As a line may have it. */
const WEIGHT_MOST = 65_535;
/** Of one record. */
const RECORD_MOST = 3 + 2 * 18 + 8 + 18 + 18 + SPLICE_BYTES;

/** The address is of 16 bytes, IPv4 as ::ffff:a.b.c.d. */
export interface FlowPlace {
  readonly address: Uint8Array;
  readonly port: number;
}

/** The name of a place in maps of this process. */
export const placeKey = ({ address, port }: FlowPlace): string =>
  `${Buffer.from(address.buffer, address.byteOffset, 16).toString('latin1')}${port}`;

/** All flows that there were have been told of, to a wish of that number. */
export interface Walked {
  readonly op: typeof OP.walked;
  readonly wish: number;
}

/** How a real server of a service stands at the director that tells it. */
export interface RealReport {
  readonly op: typeof OP.real;
  readonly protocol: number;
  /** An endpoint of the service. */
  readonly virtual: FlowPlace;
  /** As it is configured: port 0 is the client's. */
  readonly real: FlowPlace;
  /** By its checks. */
  readonly alive: boolean;
  /** In the selection now; 0: it takes no new flows. */
  readonly weight: number;
  /** Grows with each report of a meeting. */
  readonly turn: number;
}

export type SyncRecord = FlowRecord | Walked | RealReport;

export interface FlowRecord {
  readonly op: Exclude<(typeof OP)[keyof typeof OP], typeof OP.walked | typeof OP.real>;
  readonly protocol: number;
  readonly client: FlowPlace;
  readonly virtual: FlowPlace;
  /** Absent where the flow ends. */
  readonly life?: FlowLife;
}

export interface FlowLife {
  readonly state: number;
  readonly mode: number;
  readonly idleMs: number;
  /** As it is configured: port 0 is the client's. */
  readonly real: FlowPlace;
  /** Of fullnat: what the real server sees. */
  readonly source: FlowPlace | undefined;
  readonly splice: Uint8Array | undefined;
}

/** Writes records one after another into a room of its own. */
export class RecordWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get length(): number {
    return this.#at;
  }

  /** Whether one more fits, whatever it says. */
  get hasRoom(): boolean {
    return this.#bytes.length - this.#at >= RECORD_MOST;
  }

  clear(): void {
    this.#at = 0;
  }

  put(record: SyncRecord): void {
    this.#byte(record.op);
    if (record.op === OP.walked) return this.#word(record.wish);
    if (record.op === OP.real) return this.#report(record);
    const { protocol, client, virtual, life } = record;
    const isShort = isV4(virtual.address);
    this.#byte(isShort ? 4 : 6);
    this.#byte(protocol);
    this.#place(client, isShort);
    this.#place(virtual, isShort);
    if (life) this.#life(life);
  }

  #report({ protocol, virtual, real, alive, weight, turn }: RealReport): void {
    const [isShort, isRealShort] = [isV4(virtual.address), isV4(real.address)];
    this.#byte(isShort ? 4 : 6);
    this.#byte(protocol);
    this.#place(virtual, isShort);
    this.#byte(isRealShort ? 4 : 6);
    this.#place(real, isRealShort);
    this.#byte(alive ? 1 : 0);
    this.#word(weight);
    this.#word(turn);
  }

  #life({ state, mode, idleMs, real, source, splice }: FlowLife): void {
    const isShort = isV4(real.address);
    this.#byte(state);
    this.#byte(mode);
    this.#byte((source ? EXTRA.pooled : 0) | (splice ? EXTRA.spliced : 0));
    this.#word(Math.min(idleMs, 0xffffffff));
    this.#byte(isShort ? 4 : 6);
    this.#place(real, isShort);
    if (source) this.#place(source, isShort);
    if (splice) this.#copy(splice);
  }

  #word(value: number): void {
    this.#view.setUint32(this.#at, value);
    this.#at += 4;
  }

  #byte(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  #copy(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #place({ address, port }: FlowPlace, isShort: boolean): void {
    this.#copy(isShort ? address.subarray(12) : address);
    this.#view.setUint16(this.#at, port);
    this.#at += 2;
  }
}

/** Bytes that are no record. */
export class RecordFault extends Error {}

/**
 * Reads what a writer has written.
 *
 * @param check what is known of numbers in it: of states and modes
 * @throws {RecordFault} at the first that is cut off, or says what cannot be; those before it were given
 */
export function* readRecords(
  bytes: Uint8Array,
  { states, modes }: { readonly states: number; readonly modes: number },
): Generator<SyncRecord> {
  const reader = new Reader(bytes);
  while (!reader.isAtEnd) {
    const op = reader.byte(1, 5) as SyncRecord['op'];
    if (op === OP.walked) {
      yield { op, wish: reader.word() };
      continue;
    }
    const width = reader.width();
    const protocol = reader.byte(0, 255);
    if (protocol !== 6 && protocol !== 17) throw new RecordFault(`protocol ${protocol}`);
    if (op === OP.real) {
      yield readReport(reader, protocol, width);
      continue;
    }
    const client = reader.place(width);
    const virtual = reader.place(width);
    if (op === OP.ends) yield { op, protocol, client, virtual };
    else yield { op, protocol, client, virtual, life: readLife(reader, states, modes) };
  }
}

function readReport(reader: Reader, protocol: number, width: 4 | 16): RealReport {
  return {
    ...{ op: OP.real, protocol },
    virtual: reader.place(width),
    real: reader.place(reader.width()),
    alive: reader.byte(0, 1) === 1,
    weight: reader.word(WEIGHT_MOST),
    turn: reader.word(),
  };
}

function readLife(reader: Reader, states: number, modes: number): FlowLife {
  const state = reader.byte(0, states - 1);
  const mode = reader.byte(0, modes - 1);
  const extras = reader.byte(0, EXTRA.pooled | EXTRA.spliced);
  const idleMs = reader.word();
  const width = reader.width();
  return {
    ...{ state, mode, idleMs },
    real: reader.place(width),
    source: extras & EXTRA.pooled ? reader.place(width) : undefined,
    splice: extras & EXTRA.spliced ? reader.take(SPLICE_BYTES) : undefined,
  };
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The place of so many bytes, which are passed. */
  #pass(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) throw new RecordFault('it is cut off');
    this.#at += count;
    return at;
  }

  byte(least: number, most: number): number {
    const value = this.#view.getUint8(this.#pass(1));
    if (value < least || value > most) throw new RecordFault(`${value} is not within ${least} and ${most}`);
    return value;
  }

  word(most = 0xffffffff): number {
    const value = this.#view.getUint32(this.#pass(4));
    if (value > most) throw new RecordFault(`${value} is more than ${most}`);
    return value;
  }

  width(): 4 | 16 {
    const family = this.byte(4, 6);
    if (family === 5) throw new RecordFault('family 5');
    return family === 4 ? 4 : 16;
  }

  take(count: number): Uint8Array {
    const at = this.#pass(count);
    return this.#bytes.subarray(at, at + count);
  }

  place(width: 4 | 16): FlowPlace {
    return { address: mapped(this.take(width)), port: this.#view.getUint16(this.#pass(2)) };
  }
}
