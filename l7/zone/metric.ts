/** What can be counted, and where each metric stands within a thread's row. */

/** A histogram's `bounds` are upper bounds in rising order; one more bucket takes what is above all of them. */
export type MetricSpec =
  | { readonly name: string; readonly kind: 'counter' | 'gauge' }
  | { readonly name: string; readonly kind: 'histogram'; readonly bounds: readonly number[] };

/** Two cache lines: rows of different threads share none, nor one that is fetched along with another. */
const ROW_ALIGN = 16;

/** The upper bounds of a histogram; none for other metrics. */
export function boundsOf(spec: MetricSpec): readonly number[] {
  return spec.kind === 'histogram' ? spec.bounds : [];
}

/** Float64 cells of a metric: a histogram has its buckets, and the sum after them. */
export function cellsOf(spec: MetricSpec): number {
  return spec.kind === 'histogram' ? spec.bounds.length + 2 : 1;
}

/** The first cell of each metric within a row. */
export function placesOf(specs: readonly MetricSpec[]): number[] {
  let next = 0;
  return specs.map(spec => {
    const place = next;
    next += cellsOf(spec);
    return place;
  });
}

/** Cells from one row to the next. */
export function rowLengthOf(specs: readonly MetricSpec[]): number {
  const cells = specs.reduce((sum, spec) => sum + cellsOf(spec), 1);
  return Math.ceil(cells / ROW_ALIGN) * ROW_ALIGN;
}

/** For each metric of `specs` its index in `others`, or -1; they must agree in name, kind and bounds. */
export function match(specs: readonly MetricSpec[], others: readonly MetricSpec[]): number[] {
  const indexes = new Map(others.map((spec, index) => [identity(spec), index]));
  return specs.map(spec => indexes.get(identity(spec)) ?? -1);
}

/** The map the other way round: for each of `length` places who points to it, or -1. */
export function invert(indexes: readonly number[], length: number): number[] {
  const inverse = new Array<number>(length).fill(-1);
  indexes.forEach((to, from) => {
    if (to >= 0) inverse[to] = from;
  });
  return inverse;
}

function identity(spec: MetricSpec): string {
  return JSON.stringify([spec.name, spec.kind, boundsOf(spec)]);
}

/** @throws {RangeError} when a name stands twice, or bounds do not rise */
export function requireMetrics(specs: readonly MetricSpec[]): void {
  const names = new Set<string>();
  for (const spec of specs) {
    if (names.has(spec.name)) throw new RangeError(`Two metrics are called ${spec.name}`);
    names.add(spec.name);
    const bounds = boundsOf(spec);
    if (bounds.some((bound, i) => i > 0 && bound <= bounds[i - 1]!))
      throw new RangeError(`The bounds of ${spec.name} do not rise`);
  }
}
