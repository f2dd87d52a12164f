/** A time in which something was wrong with an address, in ms of CLOCK_MONOTONIC. */

export interface Span {
  readonly address: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** @param span undefined: never */
export const lengthOf = (span: Span | undefined): number => (span ? span.untilMs - span.fromMs : 0);

/** The first of the longest; undefined: none takes any time. */
export const longestOf = <S extends Span>(spans: readonly (S | undefined)[]): S | undefined =>
  spans.filter(span => lengthOf(span) > 0).toSorted((a, b) => lengthOf(b) - lengthOf(a))[0];
