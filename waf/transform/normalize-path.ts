/** `t:normalizePath` and `t:normalizePathWin`: a path without empty segments, `.` and `..` (RFC 3986, section 5.2.4). */
import { roomFor } from '../scratch.ts';
import type { Transform } from './transform.ts';

const [DOT, SLASH, BACKSLASH] = [46, 47, 92];

/** The segments that are kept so far, each with a slash behind it. */
class Segments {
  readonly #room: Buffer;
  readonly #isAbsolute: boolean;
  #length = 0;
  /** Where what `..` may take away begins: behind the root, or `..` at the head of a relative path. */
  #floor = 0;

  constructor(path: string, isAbsolute: boolean) {
    this.#room = roomFor(path.length + 1);
    this.#isAbsolute = isAbsolute;
    if (isAbsolute) this.#room[this.#length++] = SLASH;
    this.#floor = this.#length;
  }

  add(path: string, from: number, to: number): void {
    for (let at = from; at < to; at++) this.#room[this.#length++] = path.charCodeAt(at);
    this.#room[this.#length++] = SLASH;
  }

  /** `..` takes the last one away; above the root it vanishes from an absolute path, and stays at the head of a relative one. */
  goUp(path: string, from: number, to: number): void {
    if (this.#length > this.#floor) {
      this.#length--;
      while (this.#length > this.#floor && this.#room[this.#length - 1] !== SLASH) this.#length--;
    } else if (!this.#isAbsolute) {
      this.add(path, from, to);
      this.#floor = this.#length;
    }
  }

  /** A trailing slash is kept if there was one. */
  text(hasSlash: boolean): string {
    const isEmpty = this.#length === (this.#isAbsolute ? 1 : 0);
    return this.#room.latin1Slice(0, isEmpty || hasSlash ? this.#length : this.#length - 1);
  }
}

/** @param other a byte that is taken for a slash, too */
function normalized(path: string, other: number): string {
  const isSlash = (code: number): boolean => code === SLASH || code === other;
  const segments = new Segments(path, isSlash(path.charCodeAt(0)));
  for (let from = 0; from < path.length; ) {
    let to = from;
    while (to < path.length && !isSlash(path.charCodeAt(to))) to++;
    const dots = path.charCodeAt(from) !== DOT ? 0 : path.charCodeAt(to - 1) === DOT ? to - from : 0;
    if (dots === 2) segments.goUp(path, from, to);
    else if (to > from && dots !== 1) segments.add(path, from, to);
    from = to + 1;
  }
  return segments.text(isSlash(path.charCodeAt(path.length - 1)));
}

const normalize = (path: string): string => (/^\.|\/[./]/.test(path) ? normalized(path, SLASH) : path);

const DOC = 'Drops empty segments, /./ and /../ with the segment before it';

/** Both spellings of the name are in use. */
const under = (name: string, doc: string, reactsTo: string, run: (value: string) => string): Transform => ({
  name,
  doc,
  reactsTo,
  reactsToLeadingDot: true,
  run,
});

const normalizeWin = (value: string): string =>
  /^\.|[/\\][./\\]/.test(value) ? normalized(value, BACKSLASH) : value.replaceAll('\\', '/');

export const normalizePath = under('normalizePath', `${DOC}.`, '/', normalize);
export const normalisePath = under(
  'normalisePath',
  `${DOC} (the older spelling of normalizePath).`,
  '/',
  normalize,
);
export const normalizePathWin = under(
  'normalizePathWin',
  `As normalizePath, with \\ taken for / first.`,
  '/\\',
  normalizeWin,
);
export const normalisePathWin = under(
  'normalisePathWin',
  `The older spelling of normalizePathWin.`,
  '/\\',
  normalizeWin,
);
