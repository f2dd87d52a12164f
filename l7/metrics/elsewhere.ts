/** Metrics of other processes of moat, which control tells: they stand on the same page. */
import type { Exposition, Sample } from './exposition.ts';

export interface MetricFamily {
  /** Without the prefix that all have. */
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge';
  readonly samples: readonly Sample[];
}

export function writeElsewhere(page: Exposition, families: readonly MetricFamily[]): void {
  for (const { name, help, kind, samples } of families) page[kind](name, help, samples);
}
