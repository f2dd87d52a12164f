/** The families of routes that objects of Kubernetes bring. */
import type { Exposition, Sample } from '#kit/exposition.ts';
import type { ShownRoutes } from '../kubernetes/keeper.ts';

export function writeRoutes(page: Exposition, sources: readonly ShownRoutes[]): void {
  const each = (value: (shown: ShownRoutes) => number | undefined): Sample[] =>
    sources.flatMap((shown): Sample[] => {
      const found = value(shown);
      return found === undefined ? [] : [[{ source: shown.source }, found]];
    });
  page.gauge(
    'kubernetes_current',
    'Whether the routes are those of the objects; 0: the API server fails, or what it said is not in force, and the routes before stay.',
    each(({ state, refusal }) => (state === 'current' && refusal === undefined ? 1 : 0)),
  );
  page.gauge(
    'kubernetes_hosts',
    'Hosts that objects have.',
    each(({ hosts }) => hosts.length),
  );
  page.gauge(
    'kubernetes_left_out',
    'Things in objects that are left out.',
    each(({ problems }) => problems.length),
  );
  page.gauge(
    'kubernetes_last_change_timestamp_seconds',
    'When objects were last looked through.',
    each(({ plannedMs }) => plannedMs && plannedMs / 1000),
  );
  page.counter(
    'kubernetes_failures_total',
    'Questions to the API server that failed.',
    each(({ failures }) => failures),
  );
}
