/** One part of a multipart body: its headers, its names. */
import { decodePercent } from './urlencoded.ts';

/** The body cannot be read the one way that all servers would. */
export class MultipartFault extends Error {
  override readonly name = 'MultipartFault';
}

/** What a lenient server would take and a strict one refuse; each is a variable of rules (`MULTIPART_LF_LINE`). */
export interface MultipartFlags {
  boundaryQuoted: boolean;
  boundaryWhitespace: boolean;
  dataBefore: boolean;
  dataAfter: boolean;
  headerFolding: boolean;
  invalidHeaderFolding: boolean;
  lfLine: boolean;
  crlfLine: boolean;
  missingSemicolon: boolean;
  invalidQuoting: boolean;
  invalidPart: boolean;
  fileLimitExceeded: boolean;
  /** 1 after a line that could be taken for a boundary, 2 when a boundary has come since: what it tore is torn by both. */
  unmatchedBoundary: 0 | 1 | 2;
}

export const noFlags = (): MultipartFlags => ({
  boundaryQuoted: false,
  boundaryWhitespace: false,
  dataBefore: false,
  dataAfter: false,
  headerFolding: false,
  invalidHeaderFolding: false,
  lfLine: false,
  crlfLine: false,
  missingSemicolon: false,
  invalidQuoting: false,
  invalidPart: false,
  fileLimitExceeded: false,
  unmatchedBoundary: 0,
});

export interface Part {
  /** As sent, in order. */
  readonly headers: { readonly name: string; value: string }[];
  name: string;
  /** Undefined for a field; a file with an empty name counts as a field, so that its content is inspected. */
  filename: string | undefined;
  /** What `filename*` says beside a `filename`: servers take the one or the other. */
  otherFilename?: string | undefined;
  value: string;
  /** Of the content in bytes. */
  length: number;
  /** A file's content, which keeps the whole body in memory: whoever has done with it empties it. '' for fields. */
  content: string;
  /** How a file's content begins: enough to tell what it is. Empty for fields. */
  start: string;
}

const HEADER_LIMIT = 4096;

/** @throws {MultipartFault} @param line without its end */
export function readHeaderLine(line: string, part: Part, flags: MultipartFlags): void {
  if (line.length > HEADER_LIMIT) throw new MultipartFault('a header of a part is too long');
  if (line.includes('\0')) throw new MultipartFault('NUL in a header of a part');
  if (/^\s/.test(line)) return fold(line, part, flags);
  const colon = line.indexOf(':');
  if (colon < 0) throw new MultipartFault('a header of a part without a colon');
  if (colon === 0) throw new MultipartFault('a header of a part without a name');
  const name = line.slice(0, colon);
  if (part.headers.some(one => one.name.toLowerCase() === name.toLowerCase()))
    throw new MultipartFault(`the header ${name.slice(0, 40)} stands twice in a part`);
  part.headers.push({ name, value: line.slice(colon + 1).replace(/^[ \t]+/, '') });
}

function fold(line: string, part: Part, flags: MultipartFlags): void {
  flags.headerFolding = true;
  const blank = /^\s*/.exec(line)![0];
  if (/[^ \t]/.test(blank)) flags.invalidHeaderFolding = true;
  const last = part.headers.at(-1);
  if (!last) throw new MultipartFault('a part begins with a folded header');
  last.value += ` ${line.slice(blank.length)}`;
  if (last.value.length > HEADER_LIMIT) throw new MultipartFault('a header of a part is too long');
}

/** Reads the names from Content-Disposition once the headers of a part have ended. @throws {MultipartFault} */
export function finishHeaders(part: Part, flags: MultipartFlags): void {
  const header = part.headers.find(({ name }) => name.toLowerCase() === 'content-disposition');
  if (!header) throw new MultipartFault('a part without Content-Disposition');
  const given = readDisposition(header.value, flags);
  const name = given.get('name');
  if (!name) throw new MultipartFault('Content-Disposition without a name');
  part.name = name;
  const plain = given.get('filename') || undefined;
  const extended = given.get('filename*') || undefined;
  part.filename = plain ?? extended;
  part.otherFilename = plain && extended;
}

const PARAMETER = /[ \t]*([^= \t]+)[ \t]*=[ \t]*/y;
const TOKEN = /[!#$%&'*+.0-9A-Z^_`a-z{|}~-]*/y;

/** `form-data; name="a"; filename="b"`, with `filename*` besides or instead; nothing else, and nothing twice. */
function readDisposition(text: string, flags: MultipartFlags): Map<string, string> {
  const given = new Map<string, string>();
  const start = /^form-data[ \t]*/.exec(text);
  if (!start) throw new MultipartFault('Content-Disposition is not form-data');
  let at = start[0].length;
  while (at < text.length) {
    if (text[at] !== ';') throw spoilt(text, at, flags);
    PARAMETER.lastIndex = at + 1;
    const parameter = PARAMETER.exec(text);
    if (!parameter) throw new MultipartFault('Content-Disposition ends in half a parameter');
    const name = parameter[1]!;
    if (name !== 'name' && name !== 'filename' && name !== 'filename*')
      throw new MultipartFault(`Content-Disposition has the parameter ${name.slice(0, 40)}`);
    if (given.has(name)) throw new MultipartFault(`Content-Disposition has ${name} twice`);
    const [value, end] =
      name === 'filename*'
        ? readExtended(text, PARAMETER.lastIndex)
        : readValue(text, PARAMETER.lastIndex, flags);
    given.set(name, value);
    at = end;
    while (text[at] === ' ' || text[at] === '\t') at++;
  }
  return given;
}

/** RFC 8187, section 3.2.1: the character set, a language or none, percent-encoded bytes. */
const EXTENDED = /(?:UTF-8|ISO-8859-1)'[A-Za-z0-9-]*'((?:%[0-9A-F]{2}|[!#$&+.^_`|~0-9A-Z-])*)/iy;

function readExtended(text: string, from: number): [value: string, end: number] {
  EXTENDED.lastIndex = from;
  const match = EXTENDED.exec(text);
  if (!match) throw new MultipartFault('Content-Disposition has a filename* that is none');
  return [decodePercent(match[1]!), EXTENDED.lastIndex];
}

function spoilt(text: string, at: number, flags: MultipartFlags): MultipartFault {
  if (/['"]/.test(text[at - 1] ?? '')) flags.invalidQuoting = true;
  return new MultipartFault('Content-Disposition has something where a semicolon belongs');
}

function readValue(text: string, from: number, flags: MultipartFlags): [value: string, end: number] {
  const quote = text[from];
  if (quote !== '"' && quote !== "'") {
    TOKEN.lastIndex = from;
    const token = TOKEN.exec(text)![0];
    if (token === '') throw new MultipartFault('Content-Disposition has a parameter without a value');
    if (token.includes("'")) flags.invalidQuoting = true; // between double quotes it is a letter like any other: O'Reilly.pdf
    return [token, from + token.length];
  }
  if (quote === "'") flags.invalidQuoting = true;
  let value = '';
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === quote) return [value, at + 1];
    if (text[at] === '\\' && (text[at + 1] === quote || text[at + 1] === '\\')) at++;
    value += text[at];
  }
  throw new MultipartFault('Content-Disposition has a quote that is never closed');
}
