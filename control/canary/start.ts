/** Starts a canary on a configuration, or says why that one cannot be tried on a part of the traffic. */
import { isDeepStrictEqual } from 'node:util';
import type { Model } from '#model/main.ts';
import { refuse } from '../api/refusal.ts';
import type { Applier } from '../apply.ts';
import { withoutSites } from '../revision.ts';
import type { CanaryPlan } from './plan.ts';
import { CanaryRun } from './run.ts';
import { CanarySockets } from './sockets.ts';
import { WHOLE_NODE, type WholeNode } from './whole-node.ts';

/** @throws {Refusal} with the reason; then nothing has changed */
export async function startCanary(
  applier: Applier,
  model: Model,
  plan: CanaryPlan,
  overtaken: () => string | undefined,
): Promise<CanaryRun> {
  refuseWholeNode(applier.wholeNode, model);
  refuseLearned(model);
  const listens = model.http?.listens ?? {};
  await applier.listeners.tryOut(listens);
  const workers = Math.max(1, Math.round((model.process.workers * plan.sharePercent) / 100));
  const sockets = new CanarySockets(applier.listeners, new Set(Object.keys(listens)), workers);
  try {
    if (sockets.sockets.length === 0)
      throw refuse(
        422,
        'canary-alone',
        'no address that is listened on now is in this configuration: a canary would get no request',
      );
    const canary = await applier.tryOut(model, workers, sockets.sockets);
    return new CanaryRun(plan, canary, sockets, {
      ...{ plane: applier.plane, overtaken },
      banned: zones => applier.bans.restore(zones),
    });
  } catch (fault) {
    sockets.close();
    throw fault;
  }
}

function refuseWholeNode(inForce: WholeNode | undefined, next: Model): void {
  const name = WHOLE_NODE.find(
    key => !isDeepStrictEqual(withoutSites(inForce?.[key]), withoutSites(next[key])),
  );
  if (name === undefined) return;
  const what = name === 'acme' ? 'which certificates are ordered' : `the ${name} block`;
  throw refuse(
    422,
    'canary-whole-node',
    `${what} would change, and that is so for the whole node or not at all: apply it without a canary first, then the rest with one`,
  );
}

/** Their sessions are in the memory of the process that serves the others. */
function refuseLearned({ http }: Model): void {
  const pool = http?.pools.find(({ sticky }) => sticky?.kind === 'learn');
  if (!pool) return;
  throw refuse(
    422,
    'canary-sticky-learn',
    `pool "${pool.name}" has sticky learn: clients of the canary would lose their sessions; apply it without a canary`,
  );
}
