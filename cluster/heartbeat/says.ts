/** What a node says of itself in a heartbeat, and the reading of what the other one says. */

export interface InstanceSays {
  readonly name: string;
  readonly state: 'initialize' | 'backup' | 'active';
  readonly priority: number;
  /** It preempts, and asks the other one to hand over. */
  readonly wants: boolean;
}

export interface NodeSays {
  readonly node: string;
  /** A digest of the configuration. */
  readonly revision: string;
  readonly timeoutMs: number;
  readonly witness: string;
  /** So long its addresses outlive its right to them when its processes hang; undefined: one that does not tell. */
  readonly fenceMs: number | undefined;
  /** Whether it knows the flows of the other one; undefined: it keeps none. */
  readonly inSync: boolean | undefined;
  /** Instances without a fault, and all of them. */
  readonly healthy: boolean;
  /** It ends, and has given everything up. */
  readonly leaves: boolean;
  readonly instances: readonly InstanceSays[];
}

const MOST_INSTANCES = 512;
const STATES: readonly unknown[] = ['initialize', 'backup', 'active'];

const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= 256;

/** @returns undefined if it is not what a node says */
export function readSays(body: unknown): NodeSays | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { node, revision, timeoutMs, witness, fenceMs, inSync, healthy, leaves, instances } = body as Record<
    keyof NodeSays,
    unknown
  >;
  if (!isText(node) || !isText(revision) || !isText(witness) || typeof timeoutMs !== 'number')
    return undefined;
  if (!Array.isArray(instances) || instances.length > MOST_INSTANCES || !instances.every(isInstance))
    return undefined;
  return {
    ...{ node, revision, timeoutMs, witness, instances },
    ...{ healthy: healthy === true, leaves: leaves === true },
    fenceMs: isDuration(fenceMs) ? fenceMs : undefined,
    inSync: typeof inSync === 'boolean' ? inSync : undefined,
  };
}

const isDuration = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;

function isInstance(value: unknown): value is InstanceSays {
  if (typeof value !== 'object' || value === null) return false;
  const { name, state, priority, wants } = value as Record<keyof InstanceSays, unknown>;
  return isText(name) && STATES.includes(state) && typeof priority === 'number' && typeof wants === 'boolean';
}
