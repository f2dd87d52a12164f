/** Objects of Kubernetes into what is to be served. Pure. */
import type { KubernetesModel, RoutePlan } from '#model/l7/kubernetes.ts';
import { PlanDraft } from './draft.ts';
import { planGateways } from './http-route.ts';
import { planIngresses } from './ingress.ts';
import type { Objects } from './object.ts';

/** Never throws for what stands in objects. Gateways go first where both name a host on one port. */
export function planOf(objects: Objects, model: KubernetesModel): RoutePlan {
  const draft = new PlanDraft(model, objects);
  planGateways(draft);
  planIngresses(draft);
  return draft.finish();
}
