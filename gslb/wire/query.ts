/** Reads what clients send, strictly: bytes of strangers to a query, or to the code that refuses it. */
import { CLIENT_SUBNET, type ClientSubnet, readClientSubnet } from './client-subnet.ts';
import { CLASS_IN, FLAG, HEAD_BYTES, type Rcode, TYPE } from './code.ts';
import { endOfName, keyOf, skipName } from './name.ts';

export interface Edns {
  /** What the client can take in a datagram. */
  readonly bytes: number;
  readonly version: number;
  /** It would understand DNSSEC (RFC 3225): told back as it came. */
  readonly dnssecOk: boolean;
  readonly subnet: ClientSubnet | undefined;
}

export interface Query {
  readonly id: number;
  readonly recursionDesired: boolean;
  readonly opcode: number;
  /** The name, type and class as they came: letters keep their case. Empty where there was no sound question. */
  readonly question: Uint8Array;
  /** The name in lower case. */
  readonly key: string;
  readonly type: number;
  readonly edns: Edns | undefined;
  /** What the query is refused with before anybody looks for the name. */
  readonly refusal: Rcode | undefined;
}

const QUESTION_TAIL_BYTES = 4;
/** Type, class, TTL, length of the data. */
const RECORD_BYTES = 10;
const NO_BYTES = new Uint8Array(0);
const DNSSEC_OK = 0x8000;

/** @returns undefined when nobody must answer: too short to be a message, or itself an answer */
export function readQuery(bytes: Uint8Array): Query | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = view.getUint16(2);
  if ((flags & FLAG.response) !== 0) return undefined;
  const head = {
    id: view.getUint16(0),
    recursionDesired: (flags & FLAG.recursionDesired) !== 0,
    opcode: (flags >> 11) & 15,
  };
  const refuse = (refusal: Rcode): Query => ({
    ...{ ...head, question: NO_BYTES, key: '', type: 0, edns: undefined, refusal },
  });
  if (head.opcode !== 0) return refuse('NOTIMP');
  if (view.getUint16(4) !== 1) return refuse('FORMERR'); // RFC 9619
  const nameEnd = endOfName(bytes, HEAD_BYTES);
  if (nameEnd < 0 || nameEnd + QUESTION_TAIL_BYTES > bytes.length) return refuse('FORMERR');
  const questionEnd = nameEnd + QUESTION_TAIL_BYTES;
  const type = view.getUint16(nameEnd);
  const asked = {
    question: bytes.slice(HEAD_BYTES, questionEnd),
    key: keyOf(bytes.subarray(HEAD_BYTES, nameEnd)),
    type,
  };
  const rest = readRest(bytes, view, questionEnd);
  const isTransfer = type === TYPE.AXFR || type === TYPE.IXFR;
  if (isTransfer) return { ...head, ...asked, edns: rest?.edns, refusal: 'REFUSED' };
  const hasRecords = view.getUint16(6) + view.getUint16(8) > 0;
  if (!rest || hasRecords) return { ...head, ...asked, edns: rest?.edns, refusal: 'FORMERR' };
  const refusal = refusalOf(rest, view.getUint16(nameEnd + 2), type);
  return { ...head, ...asked, edns: rest.edns, refusal };
}

interface Rest {
  readonly edns: Edns | undefined;
  /** An option is not as it should be. */
  readonly isFaulty: boolean;
}

function refusalOf({ edns, isFaulty }: Rest, klass: number, type: number): Rcode | undefined {
  if (edns && edns.version !== 0) return 'BADVERS';
  if (isFaulty || type === TYPE.OPT) return 'FORMERR';
  return klass === CLASS_IN ? undefined : 'REFUSED';
}

/** What stands behind the question. @returns undefined when it does not fill the message exactly, or has two OPT records */
function readRest(bytes: Uint8Array, view: DataView, from: number): Rest | undefined {
  const count = view.getUint16(6) + view.getUint16(8) + view.getUint16(10);
  let at = from;
  let rest: Rest = { edns: undefined, isFaulty: false };
  for (let left = count; left > 0; left--) {
    const owner = at;
    at = skipName(bytes, at);
    if (at < 0 || at + RECORD_BYTES > bytes.length) return undefined;
    const end = at + RECORD_BYTES + view.getUint16(at + 8);
    if (end > bytes.length) return undefined;
    if (view.getUint16(at) === TYPE.OPT) {
      if (rest.edns || bytes[owner] !== 0) return undefined;
      rest = readEdns(view, at, bytes.subarray(at + RECORD_BYTES, end));
    }
    at = end;
  }
  return at === bytes.length ? rest : undefined;
}

/** RFC 6891 §6.1.2: the class is a size, the TTL version and flags. */
function readEdns(view: DataView, at: number, options: Uint8Array): Rest {
  const base = {
    bytes: view.getUint16(at + 2),
    version: view.getUint8(at + 5),
    dnssecOk: (view.getUint16(at + 6) & DNSSEC_OK) !== 0,
  };
  let subnet: ClientSubnet | undefined;
  let isFaulty = false;
  let next = 0;
  while (next + 4 <= options.length) {
    const code = options[next]! * 256 + options[next + 1]!;
    const end = next + 4 + options[next + 2]! * 256 + options[next + 3]!;
    if (end > options.length) break;
    if (code === CLIENT_SUBNET) {
      const read = readClientSubnet(options.subarray(next + 4, end));
      isFaulty ||= !read || subnet !== undefined;
      subnet = read;
    }
    next = end;
  }
  return { edns: { ...base, subnet }, isFaulty: isFaulty || next !== options.length };
}
