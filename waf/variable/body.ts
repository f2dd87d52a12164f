/** Variables of the request's body. */
import { selectPath } from '../body/xml-path.ts';
import type { Transaction } from '../transaction.ts';
import { flag, live, many, one } from './define.ts';
import { entry, type Variable } from './variable.ts';

/** The head as sent, an empty line, the body. */
function fullRequest(t: Transaction): string {
  const headers = t.request.headers.map(({ key, value }) => `${key}: ${value}\n`).join('');
  return `${t.request.line}\n${headers}\n${t.body.raw}`;
}

export const BODY_VARIABLES: readonly Variable[] = [
  one(
    'REQUEST_BODY',
    'The raw body, of forms, JSON, or where ctl:forceRequestBodyVariable asks for it.',
    t => t.body.text,
  ),
  one('REQUEST_BODY_LENGTH', 'Bytes of the body.', t => String(t.body.lengthBytes)),
  one('FULL_REQUEST', 'Request line, headers and body.', fullRequest),
  one('FULL_REQUEST_LENGTH', 'Bytes of request line, headers and body.', t => String(fullRequest(t).length)),
  // ctl:requestBodyProcessor changes it in the middle of phase 1.
  live(
    'REQBODY_PROCESSOR',
    'URLENCODED, MULTIPART, JSON, XML, GRPC, PROTOBUF, or nothing.',
    t => t.body.processor ?? '',
  ),
  one('REQBODY_ERROR', '1 when the body could not be read.', t => flag(t.body.error !== undefined)),
  one('REQBODY_ERROR_MSG', 'Why the body could not be read.', t => t.body.error ?? ''),
  one('REQBODY_PROCESSOR_ERROR', '1 when the body could not be read.', t => flag(t.body.error !== undefined)),
  one('REQBODY_PROCESSOR_ERROR_MSG', 'Why the body could not be read.', t => t.body.error ?? ''),
  one('INBOUND_DATA_ERROR', '1 when the body exceeded its limit and the rest was not inspected.', t =>
    flag(t.requestBodyExceeded),
  ),
  one('FILES_COMBINED_SIZE', 'Bytes of all files.', t =>
    String(t.body.files.reduce((sum, { length }) => sum + length, 0)),
  ),
  many('FILES', 'Names that files had at the client, by the field.', t =>
    t.body.files.flatMap(({ name, filename, otherFilename }) =>
      otherFilename === undefined
        ? [entry(name, filename!)]
        : [entry(name, filename!), entry(name, otherFilename)],
    ),
  ),
  many('FILES_NAMES', 'Names of the fields that hold files.', t =>
    t.body.files.map(({ name }) => entry(name, name)),
  ),
  many('FILES_SIZES', 'Bytes of each file, by the field.', t =>
    t.body.files.map(({ name, length }) => entry(name, String(length))),
  ),
  many('FILES_TMPNAMES', 'Empty: moat writes no file.', () => []),
  many('FILES_TMP_CONTENT', 'What is in the files, by the field; in phase 2.', t =>
    t.body.files.map(({ name, content }) => entry(name, content)),
  ),
  {
    kind: 'tree',
    name: 'XML',
    doc: 'What a path finds in an XML body, as in XML:/* and XML://@*.',
    life: 'frozen',
    select: (t, path) => (t.body.xml ? selectPath(t.body.xml, path) : []),
  },
];
