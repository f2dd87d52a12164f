/** Collects the head of a request, and judges what has come of it before the rest is there. */
import type { HeadMarks } from '#native/head-marks.ts';
import { markedRequestHead, requestBytes } from '../wire/h1/marked.ts';
import { headEnd, parseRequestHead, parseRequestLine } from '../wire/h1/request.ts';
import { type HeadLimits, RequestHead, WireFault } from '../wire/h1/request-head.ts';

export class HeadReader {
  /** What has come of a head that is not whole, or of one that was refused. */
  text = '';
  /** How many bytes of the last read() belong to the head that it gave. */
  usedBytes = 0;
  #searched = 0;
  #lineJudged = false;

  /**
   * @param marks of a head that `bytes` begin with, where the transport made some
   * @returns the head once it is whole
   * @throws {WireFault} with the status to answer; `text` then holds what came
   */
  read(bytes: Buffer, marks: HeadMarks | undefined, limits: HeadLimits): RequestHead | undefined {
    if (marks && this.text === '') {
      const end = requestBytes(marks);
      if (end > 0 && end <= limits.totalBytes)
        return this.#readMarked(bytes.latin1Slice(0, end), marks, limits);
    }
    return this.#readText(bytes, limits);
  }

  #readMarked(text: string, marks: HeadMarks, limits: HeadLimits): RequestHead {
    this.text = text;
    const head = markedRequestHead(text, marks, limits);
    this.text = '';
    this.usedBytes = text.length;
    return head;
  }

  #readText(bytes: Buffer, limits: HeadLimits): RequestHead | undefined {
    const before = this.text.length;
    const text = before === 0 ? bytes.latin1Slice() : this.text + bytes.latin1Slice();
    let start = 0;
    // RFC 9112 §2.2: empty lines before a request line are skipped.
    while (text.charCodeAt(start) === 13 || text.charCodeAt(start) === 10) start++;
    const end = headEnd(text, Math.max(start, this.#searched));
    this.text = start > 0 ? text.slice(start) : text;
    if (end === -1) {
      this.#judgePart(limits);
      return undefined;
    }
    if (end - start > limits.totalBytes) throw new WireFault(431, 'too large request head');
    const head = parseRequestHead(text, start, end, limits);
    this.usedBytes = end - before;
    this.forget();
    return head;
  }

  /** @throws {WireFault} when what has come already can not become a request */
  #judgePart(limits: HeadLimits): void {
    const { text } = this;
    if (text === '') return; // nothing but empty lines
    this.#searched = Math.max(0, text.length - 3);
    if (!this.#lineJudged) this.#judgeLine(limits);
    if (text.length - text.lastIndexOf('\n') > limits.lineBytes)
      throw new WireFault(431, 'too large header field');
    if (text.length > limits.totalBytes) throw new WireFault(431, 'too large request head');
  }

  #judgeLine({ lineBytes }: HeadLimits): void {
    const { text } = this;
    if (text.includes('\n')) {
      parseRequestLine(text, 0, new RequestHead());
      this.#lineJudged = true;
    } else if (!/^[A-Z_-]*( |$)/.test(text)) throw new WireFault(400, 'invalid method');
    else if (text.length > lineBytes) throw new WireFault(414, 'too long URI');
  }

  /** What was read is done with. */
  forget(): void {
    this.text = '';
    this.#searched = 0;
    this.#lineJudged = false;
  }
}

/** What can be told of a head that was refused: its request is answered and logged all the same. */
export function refusedHead(text: string): RequestHead {
  const head = new RequestHead();
  head.line = /^[^\r\n]*/.exec(text)![0];
  head.method = /^[A-Z_-]+(?= )/.exec(head.line)?.[0] ?? '';
  head.target = /^\S+ +(\S+)/.exec(head.line)?.[1] ?? '';
  head.keepAlive = false;
  head.headBytes = text.length;
  return head;
}
