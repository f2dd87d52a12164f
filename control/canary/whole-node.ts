/** Of a configuration, what a canary cannot try: it is in force for the whole node, or not at all. */
import type { Model } from '#model/main.ts';

export const WHOLE_NODE = ['l4', 'cluster', 'gslb', 'api', 'acme'] as const;

export type WholeNode = Pick<Model, (typeof WHOLE_NODE)[number]>;
