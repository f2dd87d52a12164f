/** What autoscale measures of its pools, as curves that the history keeps. */
import type { AutoscaleModel } from '#model/autoscale.ts';
import type { Sample } from '../status/sample.ts';

type Pool = NonNullable<Sample['report']['l7']>['pools'][number];

const label = (pool: string): string =>
  `{pool="${pool.replaceAll('\\', '\\\\').replaceAll('"', '\\"').slice(0, 200)}"}`;

const CURVES = {
  'requests-in-flight': 'pool_requests_in_flight',
  'requests-per-second': 'pool_requests_per_second',
  'cpu-percent': 'pool_cpu_percent',
} as const;

/** The name of the curve of what is measured. */
export const loadCurve = ({ pool, load }: Pick<AutoscaleModel, 'pool' | 'load'>): string =>
  `${CURVES[load]}${label(pool)}`;
export const membersCurve = (pool: string): string => `pool_members${label(pool)}`;
export const wantedCurve = (pool: string): string => `pool_members_wanted${label(pool)}`;

/** Adds what is known of pools that are scaled. @param before the look before; undefined: rates are not known yet */
export function addLoads(
  values: Map<string, number>,
  models: readonly AutoscaleModel[],
  now: Sample,
  before: Sample | undefined,
): void {
  for (const { pool } of models) {
    const found = poolOf(now, pool);
    if (!found) continue;
    values.set(
      membersCurve(pool),
      found.members.filter(({ backup, state }) => !backup && state !== 'down').length,
    );
    const inFlight = found.members.reduce((sum, member) => sum + member.inFlight, found.queued);
    values.set(loadCurve({ pool, load: 'requests-in-flight' }), inFlight);
    const isSame = before !== undefined && before.report.l7?.pid === now.report.l7?.pid;
    const was = isSame ? poolOf(before, pool) : undefined;
    if (was && before && now.atMs > before.atMs)
      values.set(
        loadCurve({ pool, load: 'requests-per-second' }),
        (grown(found, was) / (now.atMs - before.atMs)) * 1000,
      );
  }
}

export const poolOf = ({ report }: Pick<Sample, 'report'>, name: string): Pool | undefined =>
  report.l7?.pools.find(pool => pool.name === name);

/** Members that have come count from 0, those that have gone no more. */
function grown(now: Pool, before: Pool): number {
  const was = new Map(before.members.map(({ name, counts }) => [name, counts.requests]));
  return now.members.reduce(
    (sum, { name, counts }) => sum + Math.max(0, counts.requests - (was.get(name) ?? 0)),
    0,
  );
}
