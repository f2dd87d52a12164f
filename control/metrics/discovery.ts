/** The families of the sources that pools find members by. */
import type { Exposition, Sample } from '#kit/exposition.ts';
import type { PoolSources, SourceFigures } from '#l7';

export function writeSources(page: Exposition, pools: readonly PoolSources[]): void {
  const each = (value: (figures: SourceFigures) => number | undefined): Sample[] =>
    pools.flatMap(({ pool, sources }) =>
      sources.flatMap((figures): Sample[] => {
        const found = value(figures);
        return found === undefined ? [] : [[{ pool, source: figures.source }, found]];
      }),
    );
  page.gauge(
    'discovery_members',
    'Members that the source names.',
    each(({ members }) => members),
  );
  page.gauge(
    'discovery_current',
    'Whether the members are those of the last answer; 0: the source fails, and those that it named before stay.',
    each(({ state }) => (state === 'current' ? 1 : 0)),
  );
  page.gauge(
    'discovery_last_success_timestamp_seconds',
    'When the source last gave an answer that was taken.',
    each(({ succeededMs }) => succeededMs && succeededMs / 1000),
  );
  page.counter(
    'discovery_failures_total',
    'Questions to the source that failed.',
    each(({ failures }) => failures),
  );
  page.counter(
    'discovery_refused_total',
    'Answers of the source that were not taken.',
    each(({ refused }) => refused),
  );
  page.gauge(
    'discovery_left_out',
    'Of the last answer, those that may not be members.',
    each(({ leftOut }) => leftOut),
  );
}
