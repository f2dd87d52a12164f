/**
 * Reads heads that the addon has marked: how they are written leaves no question, so only what they say is judged.
 *
 * What these give for a head is what parseRequestHead() and parseResponseHead() give, at a third of the cost: no search, no
 * pattern, no copy of a field that nobody asks for. test/l7/wire/marked.test.ts holds one against the other.
 */
import {
  HEAD_END,
  HEAD_FIELD_INTS,
  HEAD_FIELDS,
  HEAD_INTS,
  HEAD_KIND,
  HEAD_LINE_END,
  HEAD_MINOR,
  HEAD_REQUEST,
  HEAD_RESPONSE,
  HEAD_REST,
  HEAD_WORD,
  type HeadMarks,
} from '#native/head-marks.ts';
import { FIELD_KEYS, fieldKey } from '../../field-names.ts';
import { HeaderList } from '../../message.ts';
import { FRAMING_FIELDS, RequestFraming } from './request-framing.ts';
import { type HeadLimits, RequestHead, WireFault } from './request-head.ts';
import { ANSWER_FRAMING_FIELDS, AnswerFraming, ResponseHead } from './response.ts';

/** By the number of a name: whether it says something about the message itself. */
const framing = (fields: ReadonlySet<string>) => FIELD_KEYS.map(key => fields.has(key));
const IN_REQUESTS = framing(FRAMING_FIELDS);
const IN_ANSWERS = framing(ANSWER_FRAMING_FIELDS);

/** Bytes of the marked head, or 0 when it is of the other kind. */
const bytesOf = ({ ints, at }: HeadMarks, kind: number): number =>
  ints[at + HEAD_KIND] === kind ? ints[at + HEAD_END]! : 0;

export const requestBytes = (marks: HeadMarks): number => bytesOf(marks, HEAD_REQUEST);
export const responseBytes = (marks: HeadMarks): number => bytesOf(marks, HEAD_RESPONSE);

/**
 * @param text latin1; the head and nothing else
 * @throws {WireFault} with the status to answer
 */
export function markedRequestHead(text: string, { ints, at }: HeadMarks, limits: HeadLimits): RequestHead {
  const lineEnd = ints[at + HEAD_LINE_END]!;
  const targetEnd = ints[at + HEAD_REST]!;
  const methodEnd = ints[at + HEAD_WORD]!;
  if (lineEnd + 2 > limits.lineBytes) throw new WireFault(414, 'too long URI');
  const headers = markedFields(text, ints, at, limits.lineBytes);
  const head = new RequestHead(headers);
  head.method = methodOf(text, methodEnd);
  head.target = text.slice(methodEnd + 1, targetEnd);
  head.minor = ints[at + HEAD_MINOR] === 1 ? 1 : 0;
  head.line = text.slice(0, lineEnd);
  head.headBytes = text.length;
  const says = new RequestFraming();
  const { keys } = headers;
  for (let field = 0; field < keys.length; field++) {
    const number = ints[at + HEAD_INTS + field * HEAD_FIELD_INTS]!;
    if (number < 0 || IN_REQUESTS[number]) says.note(keys[field]!, headers.valueAt(field));
  }
  if (keys.length > limits.maxHeaders) throw new WireFault(431, 'too many header fields');
  says.settle(head);
  return head;
}

/** The usual ones as literals: comparing them later is comparing pointers. */
function methodOf(text: string, end: number): string {
  if (end === 3 && text.startsWith('GET')) return 'GET';
  if (end === 4 && text.startsWith('POST')) return 'POST';
  if (end === 4 && text.startsWith('HEAD')) return 'HEAD';
  return text.slice(0, end);
}

/** @param text latin1; the head and nothing else. @throws {UpstreamFault} */
export function markedResponseHead(text: string, { ints, at }: HeadMarks): ResponseHead {
  const headers = markedFields(text, ints, at, Number.POSITIVE_INFINITY);
  const head = new ResponseHead(headers);
  const status = ints[at + HEAD_WORD]!;
  head.status = status;
  head.minor = ints[at + HEAD_MINOR] === 1 ? 1 : 0;
  head.reason = text.slice(ints[at + HEAD_REST]!, ints[at + HEAD_LINE_END]!);
  const says = new AnswerFraming();
  const { keys } = headers;
  for (let field = 0; field < keys.length; field++) {
    const number = ints[at + HEAD_INTS + field * HEAD_FIELD_INTS]!;
    if (number < 0 || IN_ANSWERS[number]) says.note(keys[field]!, headers.valueAt(field));
  }
  says.settle(head);
  return head;
}

/** The fields of a head. @throws {WireFault} when a line is longer than `lineBytes` */
function markedFields(text: string, ints: Int32Array, at: number, lineBytes: number): HeaderList {
  const count = ints[at + HEAD_FIELDS]!;
  const keys = new Array<string>(count);
  const marks = new Array<number>(2 * count + 1);
  let from = at + HEAD_INTS;
  for (let field = 0; field < count; field++, from += HEAD_FIELD_INTS) {
    const number = ints[from]!;
    const start = ints[from + 1]!;
    const colon = ints[from + 2]!;
    keys[field] = number < 0 ? fieldKey(text.slice(start, colon)) : FIELD_KEYS[number]!;
    marks[2 * field] = start;
    marks[2 * field + 1] = colon;
  }
  marks[2 * count] = ints[from]!;
  if (text.length > lineBytes) refuseLongLines(marks, lineBytes);
  return new HeaderList(keys, text, marks);
}

function refuseLongLines(marks: readonly number[], lineBytes: number): void {
  for (let line = 0; line + 2 < marks.length; line += 2)
    if (marks[line + 2]! - 2 - marks[line]! > lineBytes) throw new WireFault(431, 'too large header field');
}
