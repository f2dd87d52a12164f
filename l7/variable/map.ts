/** `map`: a value looked up by another. */
import type { UserVariable } from '#model/l7/variable.ts';
import type { Getter, VariableSpace } from './space.ts';

type MapVariable = Extract<UserVariable, { kind: 'map' }>;

/** Exact keys first, then with `hostnames` the longest suffix and prefix, then patterns in order, then the default. */
export function mapGetter(variable: MapVariable, slot: number, space: VariableSpace): Getter {
  const source = space.text(variable.source);
  const exact = new Map(Object.entries(variable.exact).map(([key, value]) => [key, space.text(value)]));
  const fallback = space.text(variable.fallback);
  const get: Getter = exchange => (exact.get(source(exchange).toLowerCase()) ?? fallback)(exchange);
  return variable.volatile ? get : exchange => (exchange.slots[slot] ??= get(exchange));
}
