/** Variables of multipart bodies: what a strict reader found wrong with them. */
import type { MultipartFlags } from '../body/multipart-part.ts';
import type { Transaction } from '../transaction.ts';
import { flag, many, one } from './define.ts';
import { entry, type One, type Variable } from './variable.ts';

const marked = (name: string, key: Exclude<keyof MultipartFlags, 'unmatchedBoundary'>, doc: string): One =>
  one(name, doc, t => flag(t.body.flags?.[key]));

/** Everything but differing line ends inside: those of old clients are told by MULTIPART_LF_LINE. */
function strictError({ body: { flags, error } }: Transaction): boolean {
  if (!flags) return false;
  return (
    error !== undefined ||
    flags.boundaryQuoted ||
    flags.boundaryWhitespace ||
    flags.dataBefore ||
    flags.dataAfter ||
    flags.headerFolding ||
    flags.lfLine ||
    flags.missingSemicolon ||
    flags.invalidQuoting ||
    flags.invalidPart ||
    flags.invalidHeaderFolding ||
    flags.fileLimitExceeded
  );
}

export const MULTIPART_VARIABLES: readonly Variable[] = [
  one('MULTIPART_STRICT_ERROR', '1 when any of the other flags is set, or the body could not be read.', t =>
    flag(strictError(t)),
  ),
  marked('MULTIPART_BOUNDARY_QUOTED', 'boundaryQuoted', 'Quotes around the boundary.'),
  marked('MULTIPART_BOUNDARY_WHITESPACE', 'boundaryWhitespace', 'White space around the boundary.'),
  marked('MULTIPART_DATA_BEFORE', 'dataBefore', 'Something before the first boundary.'),
  marked('MULTIPART_DATA_AFTER', 'dataAfter', 'Something after the last boundary.'),
  marked('MULTIPART_HEADER_FOLDING', 'headerFolding', 'A header of a part over two lines.'),
  marked(
    'MULTIPART_INVALID_HEADER_FOLDING',
    'invalidHeaderFolding',
    'The same, by other signs than space and tab.',
  ),
  marked('MULTIPART_LF_LINE', 'lfLine', 'A line that ends in LF alone.'),
  one('MULTIPART_CRLF_LF_LINES', 'Lines of both kinds.', t =>
    flag(t.body.flags?.crlfLine && t.body.flags.lfLine),
  ),
  marked('MULTIPART_MISSING_SEMICOLON', 'missingSemicolon', 'No semicolon before the boundary.'),
  marked('MULTIPART_SEMICOLON_MISSING', 'missingSemicolon', 'The same by another name.'),
  marked('MULTIPART_INVALID_QUOTING', 'invalidQuoting', 'Single quotes in Content-Disposition.'),
  marked('MULTIPART_INVALID_PART', 'invalidPart', 'A part without its headers.'),
  marked('MULTIPART_FILE_LIMIT_EXCEEDED', 'fileLimitExceeded', 'More files than SecUploadFileLimit.'),
  one(
    'MULTIPART_UNMATCHED_BOUNDARY',
    '1 after a line that could be taken for a boundary, 2 when a true one has come since.',
    t => String(t.body.flags?.unmatchedBoundary ?? 0),
  ),
  one('MULTIPART_NAME', 'The name of the last part.', t => t.body.parts.at(-1)?.name),
  one(
    'MULTIPART_FILENAME',
    'The file name of the last part that has one.',
    t => t.body.files.at(-1)?.filename,
  ),
  many('MULTIPART_PART_HEADERS', 'Headers of parts, `name: value`, by the name of the part.', t =>
    t.body.parts.flatMap(part =>
      part.headers.map(({ name, value }) => entry(part.name, `${name}: ${value}`)),
    ),
  ),
];
