/** The way from one set of tables to the next, in steps that a map can take while packets pass. */
import { isDeepStrictEqual } from 'node:util';
import { endpointKey } from './endpoints.ts';
import type { L4Tables, RealTable, Selection, ServiceTable, TableChange } from './tables.ts';

/**
 * @param before what the maps hold; undefined: nothing yet
 * @returns the changes in the order in which they are to be made; none for equal tables. A changed weight is its real
 *   server and one selection
 */
export function changesBetween(before: L4Tables | undefined, after: L4Tables): TableChange[] {
  const old = new Map((before?.services ?? []).map(service => [service.id, service]));
  const arriving = after.services.flatMap(service => serviceChanges(old.get(service.id), service));
  return [
    ...settingsChange(before, after),
    ...realChanges(before, after),
    ...arriving,
    ...endpointChanges(before, after),
    ...partings(before, after),
  ];
}

function settingsChange(before: L4Tables | undefined, { settings }: L4Tables): TableChange[] {
  return isDeepStrictEqual(before?.settings, settings) ? [] : [{ kind: 'put-settings', settings }];
}

const realsOf = (tables: L4Tables | undefined): Map<number, RealTable> =>
  new Map(
    [...(tables?.services.flatMap(({ reals }) => reals) ?? []), ...(tables?.leaving ?? [])].map(real => [
      real.id,
      real,
    ]),
  );

function realChanges(before: L4Tables | undefined, after: L4Tables): TableChange[] {
  const old = realsOf(before);
  return [...realsOf(after).values()]
    .filter(real => !isDeepStrictEqual(old.get(real.id), real))
    .map(real => ({ kind: 'put-real', real }));
}

function serviceChanges(
  old: ServiceTable | undefined,
  { id, facts, selection, elsewhere }: ServiceTable,
): TableChange[] {
  const changes: TableChange[] = [];
  const changedSlots = differences(old?.selection, selection);
  if (changedSlots !== undefined)
    changes.push({ kind: 'put-selection', serviceId: id, selection, changedSlots });
  if (!isDeepStrictEqual(old?.elsewhere, elsewhere))
    changes.push({ kind: 'put-elsewhere', serviceId: id, slots: elsewhere });
  if (!isDeepStrictEqual(old?.facts, facts)) changes.push({ kind: 'put-service', id, facts });
  return changes;
}

/** How many slots of a selection differ; undefined when all is as it was. */
function differences(old: Selection | undefined, now: Selection): number | undefined {
  const before = old && listOf(old);
  const after = listOf(now);
  if (!before || old.kind !== now.kind || before.length !== after.length) return after.length;
  const count = after.reduce((sum, id, at) => (before[at] === id ? sum : sum + 1), 0);
  return count === 0 && isDeepStrictEqual(old, now) ? undefined : count;
}

const listOf = (selection: Selection): Uint32Array =>
  'slots' in selection ? selection.slots : selection.reals;

const endpointsBy = (tables: L4Tables | undefined) =>
  new Map(
    (tables?.services ?? []).flatMap(({ id, endpoints }) =>
      endpoints.map(endpoint => [endpointKey(endpoint), { endpoint, serviceId: id }] as const),
    ),
  );

function endpointChanges(before: L4Tables | undefined, after: L4Tables): TableChange[] {
  const old = endpointsBy(before);
  const now = endpointsBy(after);
  const puts = [...now].filter(([key, { serviceId }]) => old.get(key)?.serviceId !== serviceId);
  const drops = [...old].filter(([key]) => !now.has(key));
  return [
    ...puts.map(([, claim]) => ({ kind: 'put-endpoint', ...claim }) as const),
    ...drops.map(([, { endpoint }]) => ({ kind: 'drop-endpoint', endpoint }) as const),
  ];
}

function partings(before: L4Tables | undefined, after: L4Tables): TableChange[] {
  const services = new Set(after.services.map(({ id }) => id));
  const reals = realsOf(after);
  return [
    ...(before?.services ?? [])
      .filter(({ id }) => !services.has(id))
      .map(({ id }) => ({ kind: 'drop-service', id }) as const),
    ...[...realsOf(before).keys()]
      .filter(id => !reals.has(id))
      .map(id => ({ kind: 'drop-real', id }) as const),
  ];
}
