/** multipart/form-data, read line by line and strictly: whatever servers could disagree about is a fault or a flag. */
import { readBoundary } from './multipart-boundary.ts';
import {
  finishHeaders,
  MultipartFault,
  type MultipartFlags,
  type Part,
  readHeaderLine,
} from './multipart-part.ts';

export interface MultipartLimits {
  readonly parts: number;
  /** Files beyond it are not told of, and set a flag. */
  readonly files: number;
}

/**
 * Reads a body of which all bytes are there. Costs O(length × 2): each line is looked at for boundaries once.
 *
 * @param flags filled in also when a fault is thrown
 * @param parts filled in part by part, so that what came before a fault can be inspected
 * @throws {MultipartFault}
 * @see RFC 7578, RFC 2046 section 5.1
 */
export function readMultipart(
  body: string,
  contentType: string,
  limits: MultipartLimits,
  flags: MultipartFlags,
  parts: Part[],
): void {
  new MultipartReader(body, readBoundary(contentType, flags), limits, flags, parts).read();
}

const START_BYTES = 512;

class MultipartReader {
  readonly #body: string;
  readonly #opening: string;
  readonly #limits: MultipartLimits;
  readonly #flags: MultipartFlags;
  readonly #parts: Part[];
  #part: Part | undefined;
  #inHeaders = false;
  #contentStart = 0;
  #boundaries = 0;
  #files = 0;
  /** Where the boundary's signs stand next, looked up once for all lines before it. */
  #ahead = -1;

  constructor(body: string, boundary: string, limits: MultipartLimits, flags: MultipartFlags, parts: Part[]) {
    this.#body = body;
    this.#opening = `--${boundary}`;
    this.#limits = limits;
    this.#flags = flags;
    this.#parts = parts;
  }

  read(): void {
    const body = this.#body;
    for (let start = 0; start < body.length; ) {
      const found = body.indexOf('\n', start);
      const end = found < 0 ? body.length : found + 1;
      const kind = this.#kindOf(start, end);
      if (kind === 'data') this.#data(start, end);
      else {
        this.#finishPart(start);
        this.#boundaries++;
        if (this.#flags.unmatchedBoundary === 1) this.#flags.unmatchedBoundary = 2;
        if (kind === 'final') {
          if (end < body.length) this.#flags.dataAfter = true;
          return;
        }
        this.#startPart();
      }
      start = end;
    }
    throw new MultipartFault(
      this.#boundaries > 0 ? 'the final boundary is missing' : 'there is no boundary in the body',
    );
  }

  #kindOf(start: number, end: number): 'data' | 'delimiter' | 'final' {
    const body = this.#body;
    if (!body.startsWith(this.#opening, start)) {
      this.#suspect(start, end);
      return 'data';
    }
    let at = start + this.#opening.length;
    const final = body.startsWith('--', at);
    if (final) at += 2;
    const rest = body.slice(at, end);
    if (rest === '\r\n') this.#flags.crlfLine = true;
    else if (rest === '\n') this.#flags.lfLine = true;
    else if (rest !== '' || !final) throw new MultipartFault('a boundary with something after it');
    return final ? 'final' : 'delimiter';
  }

  /** A line that is no boundary, but that a lenient server could take for one. */
  #suspect(start: number, end: number): void {
    const body = this.#body;
    const boundary = this.#opening.slice(2);
    if (body.startsWith('--', start) && end - start > 3) {
      const blank = /^--["\s]+/.exec(body.slice(start, Math.min(end, start + 100)));
      if (blank && body.startsWith(boundary, start + blank[0].length))
        throw new MultipartFault('a quote or a space before a boundary');
      this.#flags.unmatchedBoundary = 1;
      return;
    }
    if (this.#ahead < start) {
      const found = body.indexOf(this.#opening, start);
      this.#ahead = found < 0 ? body.length : found;
    }
    if (this.#ahead < end) this.#flags.unmatchedBoundary = 1;
  }

  #startPart(): void {
    if (this.#parts.length >= this.#limits.parts)
      throw new MultipartFault(`more than ${this.#limits.parts} parts`);
    this.#part = { headers: [], name: '', filename: undefined, value: '', length: 0, content: '', start: '' };
    this.#inHeaders = true;
  }

  #data(start: number, end: number): void {
    const part = this.#part;
    if (!part) this.#flags.dataBefore = true;
    else if (this.#inHeaders) this.#header(part, start, end);
  }

  #header(part: Part, start: number, end: number): void {
    const crlf = this.#body[end - 2] === '\r' && end - start >= 2;
    if (this.#body[end - 1] !== '\n') throw new MultipartFault('the body ends within the headers of a part');
    if (crlf) this.#flags.crlfLine = true;
    else this.#flags.lfLine = true;
    const line = this.#body.slice(start, end - (crlf ? 2 : 1));
    if (line !== '') return readHeaderLine(line, part, this.#flags);
    finishHeaders(part, this.#flags);
    this.#inHeaders = false;
    this.#contentStart = end;
  }

  /** The line end before a boundary belongs to the boundary. */
  #finishPart(boundaryAt: number): void {
    const part = this.#part;
    if (!part) return;
    this.#part = undefined;
    if (this.#inHeaders) {
      this.#flags.invalidPart = true;
      return;
    }
    let end = boundaryAt;
    if (end > this.#contentStart && this.#body[end - 1] === '\n') end--;
    if (end > this.#contentStart && this.#body[end - 1] === '\r') end--;
    part.length = end - this.#contentStart;
    if (part.filename !== undefined) {
      part.content = this.#body.slice(this.#contentStart, end);
      part.start = part.content.slice(0, START_BYTES);
    }
    if (part.filename === undefined) part.value = this.#body.slice(this.#contentStart, end);
    else if (++this.#files > this.#limits.files) this.#flags.fileLimitExceeded = true;
    this.#parts.push(part);
  }
}
