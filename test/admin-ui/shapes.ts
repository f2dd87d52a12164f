/** Held by the type checker: what the server answers is what the console reads. */
import type { Cluster, Instance, WafEvent } from '../../admin-ui/src/shapes.ts';
import type { ClusterFigures } from '../../cluster/figures.ts';
import type { WafEvent as Kept } from '../../model/waf-event.ts';

export const cluster = (figures: ClusterFigures): Cluster => figures;
export const instance = (figures: ClusterFigures['instances'][number]): Instance => figures;
export const event = (kept: Kept): WafEvent => kept;
