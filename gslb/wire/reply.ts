/** Writes an answer within the bytes that the client can take. */
import { clientSubnetOption } from './client-subnet.ts';
import { CLASS_IN, FLAG, HEAD_BYTES, NUMBER_OF, PLAIN_BYTES, type Rcode, TYPE } from './code.ts';
import type { Query } from './query.ts';

export interface ReplyRecord {
  /** The name as it stands on the wire; undefined: that of the question. */
  readonly owner: Uint8Array | undefined;
  readonly type: number;
  readonly ttlS: number;
  readonly data: Uint8Array;
}

export interface Answer {
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly answers: readonly ReplyRecord[];
  readonly authorities: readonly ReplyRecord[];
  /** Left out where there is no room. */
  readonly additionals: readonly ReplyRecord[];
  /** For which network of clients it is good; 0: all. */
  readonly scopeBits: number;
}

/** What we take, and send at most by UDP: it passes without pieces (RFC 9715). */
export const MOST_DATAGRAM_BYTES = 1232;
const MOST_MESSAGE_BYTES = 65_535;
/** A pointer to the name of the question, which stands behind the header. */
const QUESTION_POINTER = Buffer.from([0xc0, HEAD_BYTES]);
const DNSSEC_OK = 0x8000;

export const refusalWith = (rcode: Rcode): Answer => ({
  ...{ rcode, authoritative: false, answers: [], authorities: [], additionals: [], scopeBits: 0 },
});

/** How long a reply by UDP may be. */
export const datagramLimit = ({ edns }: Query): number =>
  edns ? Math.min(Math.max(edns.bytes, PLAIN_BYTES), MOST_DATAGRAM_BYTES) : PLAIN_BYTES;

/**
 * The answer as bytes; where it does not fit, its head and question alone, with TC.
 *
 * @param options.limitBytes undefined: by TCP
 * @param options.truncate says "come by TCP" whatever fits
 */
export function writeReply(
  query: Query,
  answer: Answer,
  { limitBytes = MOST_MESSAGE_BYTES, truncate = false }: { limitBytes?: number; truncate?: boolean } = {},
): Buffer {
  const opt = optOf(query, answer);
  const room = limitBytes - HEAD_BYTES - query.question.length - opt.length;
  const must = [...answer.answers, ...answer.authorities].map(recordBytes);
  const isWhole = !truncate && lengthOf(must) <= room;
  const more: Buffer[] = [];
  let left = room - lengthOf(must);
  for (const bytes of isWhole ? answer.additionals.map(recordBytes) : []) {
    if (bytes.length > left) break;
    left -= bytes.length;
    more.push(bytes);
  }
  const counts = isWhole
    ? [answer.answers.length, answer.authorities.length, more.length]
    : ([0, 0, 0] as const);
  const head = headOf(query, answer, isWhole, [
    counts[0]!,
    counts[1]!,
    counts[2]! + (opt.length > 0 ? 1 : 0),
  ]);
  return Buffer.concat([head, query.question, ...(isWhole ? must : []), ...more, opt]);
}

const lengthOf = (pieces: readonly Buffer[]): number => pieces.reduce((sum, { length }) => sum + length, 0);

function headOf(
  query: Query,
  { rcode, authoritative }: Answer,
  isWhole: boolean,
  counts: readonly number[],
): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  const flags =
    FLAG.response |
    (query.opcode << 11) |
    (authoritative ? FLAG.authoritative : 0) |
    (isWhole ? 0 : FLAG.truncated) |
    (query.recursionDesired ? FLAG.recursionDesired : 0) |
    (NUMBER_OF[rcode] & 15);
  head.writeUInt16BE(query.id, 0);
  head.writeUInt16BE(flags, 2);
  head.writeUInt16BE(query.question.length > 0 ? 1 : 0, 4);
  for (const [at, count] of counts.entries()) head.writeUInt16BE(count, 6 + 2 * at);
  return head;
}

function recordBytes({ owner = QUESTION_POINTER, type, ttlS, data }: ReplyRecord): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(CLASS_IN, 2);
  fixed.writeUInt32BE(ttlS, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, fixed, data]);
}

/** Only who has sent one is sent one (RFC 6891 §6.1.1). */
function optOf({ edns }: Query, { rcode, scopeBits }: Answer): Buffer {
  if (!edns) return Buffer.alloc(0);
  const options = edns.subnet ? clientSubnetOption(edns.subnet, scopeBits) : Buffer.alloc(0);
  const fixed = Buffer.alloc(11);
  fixed.writeUInt16BE(TYPE.OPT, 1);
  fixed.writeUInt16BE(MOST_DATAGRAM_BYTES, 3);
  fixed[5] = NUMBER_OF[rcode] >> 4;
  fixed.writeUInt16BE(edns.dnssecOk ? DNSSEC_OK : 0, 7);
  fixed.writeUInt16BE(options.length, 9);
  return Buffer.concat([fixed, options]);
}
