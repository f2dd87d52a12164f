/** Where a node of a pair stands, put together from its virtual routers. */
import type { ClusterFigures, InstanceFigures, TransitionFigures } from '#cluster';

export interface Standing {
  readonly state: 'active' | 'backup' | 'out' | 'divided';
  /** Since it is in it: the router that changed last. */
  readonly sinceMs: number;
  readonly last: TransitionFigures | undefined;
  /** Given away by command. */
  readonly yielding: boolean;
  readonly maintenance: boolean;
}

/** Undefined: it has no virtual router, or does not answer. */
export function standingOf(figures: ClusterFigures | undefined): Standing | undefined {
  const instances = figures?.instances ?? [];
  const [latest] = instances.toSorted((a, b) => atOf(b) - atOf(a) || a.sinceMs - b.sinceMs);
  if (!figures || !latest) return undefined;
  const states = new Set(instances.map(({ state }) => state));
  const [only] = states;
  return {
    state: states.size > 1 || only === undefined ? 'divided' : only === 'initialize' ? 'out' : only,
    sinceMs: latest.sinceMs,
    last: latest.transitions[0],
    yielding: instances.some(({ yielding }) => yielding),
    maintenance: figures.maintenance,
  };
}

const atOf = ({ transitions: [last] }: InstanceFigures): number => last?.atMs ?? 0;
