/** Where the parts of an HTTP/1.x head lie, as the addon marks them while it reads: numbers instead of a search. */

/** Numbers of a record; the same as in native/src/head.h, which a test compares. Positions count from the head's first byte. */
export const HEAD_KIND = 0;
/** Behind the empty line. */
export const HEAD_END = 1;
/** Of HTTP/1.x: 0 or 1. */
export const HEAD_MINOR = 2;
/** A request: where its method ends; an answer: its status. */
export const HEAD_WORD = 3;
/** A request: where its target ends; an answer: where its reason begins. */
export const HEAD_REST = 4;
/** Of the first line, without CRLF. */
export const HEAD_LINE_END = 5;
/** How many fields follow: HEAD_FIELD_INTS numbers each, and then the position of the empty line. */
export const HEAD_FIELDS = 6;
export const HEAD_INTS = 7;

export const HEAD_REQUEST = 1;
export const HEAD_RESPONSE = 2;

/** A field: number of its name or -1, where its line begins, where its colon is; the value begins two behind it. */
export const HEAD_FIELD_INTS = 3;
export const HEAD_MOST_FIELDS = 64;

/**
 * The marks of one head, good during the call that hands them out.
 *
 * The addon marks only what leaves no question (CRLF, one space after each colon, no odd character): a head without
 * marks need not be wrong, it is for the parser that judges.
 */
export interface HeadMarks {
  readonly ints: Int32Array;
  /** Where the record begins. */
  readonly at: number;
}
