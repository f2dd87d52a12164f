/** What can be counted, and where each metric stands within a thread's row. */

/**
 * A histogram's `bounds` are upper bounds in rising order; one more bucket takes what is above all of them.
 * An array is `length` counters under one name, told apart by number.
 */
export type MetricSpec =
  | { readonly name: string; readonly kind: 'counter' | 'gauge' }
  | { readonly name: string; readonly kind: 'array'; readonly length: number }
  | { readonly name: string; readonly kind: 'histogram'; readonly bounds: readonly number[] };

/** Two cache lines: rows of different threads share none, nor one that is fetched along with another. */
const ROW_ALIGN = 16;

/** The upper bounds of a histogram; none for other metrics. */
export function boundsOf(spec: MetricSpec): readonly number[] {
  return spec.kind === 'histogram' ? spec.bounds : [];
}

/** Float64 cells of a metric: a histogram has its buckets, and the sum after them. */
export function cellsOf(spec: MetricSpec): number {
  if (spec.kind === 'array') return spec.length;
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

/** All that a metric's values depend on: metrics that agree in it may take over each other's values. */
export function identity(spec: MetricSpec): string {
  return JSON.stringify([spec.name, spec.kind, boundsOf(spec), cellsOf(spec)]);
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
